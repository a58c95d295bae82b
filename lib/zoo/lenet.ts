import { layers } from '../layers/index.js';
import type { Model } from '../model/face.js';
import { ready, type ZooOptions } from './ready.js';

/**
 * LeNet-5 (LeCun et al. 1998) in its common form: tanh, mean pooling, every map of the second convolution sees all of the
 * first, and a softmax instead of radial basis functions. 61 706 parameters.
 *
 * Shape: [28, 28, 1] -> [classes], probabilities; other images of at least 12 x 12 work too.
 */
export function lenet5(options: ZooOptions = {}): Model {
  return ready('lenet5', options, {
    inputShape: [28, 28, 1],
    classes: 10,
    build({ x, classes }) {
      const tanh = { activation: 'tanh', kernelInitializer: 'heNormal' } as const;
      const chain = [
        layers.conv2d({ name: 'conv1', filters: 6, kernelSize: 5, padding: 2, ...tanh }),
        layers.averagePooling2d(),
        layers.conv2d({ name: 'conv2', filters: 16, kernelSize: 5, ...tanh }),
        layers.averagePooling2d(),
        layers.flatten(),
        layers.dense({ name: 'fc1', units: 120, ...tanh }),
        layers.dense({ name: 'fc2', units: 84, ...tanh }),
        layers.dense({ name: 'fc3', units: classes, ...tanh, activation: 'softmax' }),
      ];
      return chain.reduce((y, layer) => layer.apply(y), x);
    },
  });
}
