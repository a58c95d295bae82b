import { alexnet } from './alexnet.js';
import { densenet121 } from './densenet.js';
import { efficientnetB0 } from './efficientnet.js';
import { googlenet } from './googlenet.js';
import { lenet5 } from './lenet.js';
import { mobilenetV1 } from './mobilenet-v1.js';
import { mobilenetV2 } from './mobilenet-v2.js';
import { mobilenetV3Large, mobilenetV3Small } from './mobilenet-v3.js';
import { resnet18, resnet34, resnet50, resnet101 } from './resnet.js';
import { shufflenetV2 } from './shufflenet-v2.js';
import { squeezenet } from './squeezenet.js';
import { vgg11, vgg13, vgg16, vgg19 } from './vgg.js';

/**
 * Ready architectures with He-initialised weights drawn from `seed`. Layers with weights have torchvision's names
 * (MobileNetV1: Keras'). All end with logits, but for lenet5 and mobilenetV1, which end with a softmax.
 */
export const zoo = Object.freeze({
  lenet5,
  alexnet,
  vgg11,
  vgg13,
  vgg16,
  vgg19,
  squeezenet,
  googlenet,
  resnet18,
  resnet34,
  resnet50,
  resnet101,
  densenet121,
  mobilenetV1,
  mobilenetV2,
  mobilenetV3Large,
  mobilenetV3Small,
  shufflenetV2,
  efficientnetB0,
});
