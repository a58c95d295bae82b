// One struct of named numbers per op: the geometry that TypeScript resolved.
// Field names and order are those of lib/ops/<op>.ts; one generic loop reads
// them (addon.cc) and a contract test compares both lists.
#ifndef NEOCOG_OPS_H_
#define NEOCOG_OPS_H_

#include <stdint.h>

namespace neocog {

// Lists are laid out as tables, by hand.
// clang-format off

// Height, width, channels in and out; window; strides; dilations; padding above
// and on the left.
#define NEOCOG_WINDOW(I) \
  I(h) I(w) I(c) I(oh) I(ow) I(oc) I(kh) I(kw) I(sh) I(sw) I(dh) I(dw) I(pt) I(pl)
// A convolution's `winograd` is 0: direct, 2 or 4: output pixels of a tile's side.
// Its `pool` is 0: none, 1: the largest, 2: the mean of each 2x2 of its pixels;
// oh and ow are those before.
// An activation in the epilogue.
#define NEOCOG_ACT_INTS(I) I(act)
#define NEOCOG_ACT_FLOATS(F) F(alpha) F(beta)
#define NEOCOG_NO_FLOATS(F)

#define NEOCOG_CONV2D_INTS(I) \
  NEOCOG_WINDOW(I) I(groups) I(bias) I(oihw) I(residual) I(winograd) \
  I(pool) NEOCOG_ACT_INTS(I)
#define NEOCOG_DEPTHWISE2D_INTS(I) \
  NEOCOG_WINDOW(I) I(bias) I(oihw) NEOCOG_ACT_INTS(I)
#define NEOCOG_CONVTRANSPOSE2D_INTS(I) \
  NEOCOG_WINDOW(I) I(bias) NEOCOG_ACT_INTS(I)
#define NEOCOG_POOL2D_INTS(I) NEOCOG_WINDOW(I) I(pb) I(pr)
#define NEOCOG_AVERAGE_INTS(I) NEOCOG_POOL2D_INTS(I) I(include)
// `half`: packed weights are kept in half precision.
#define NEOCOG_MATMUL_INTS(I) \
  I(groups) I(m) I(k) I(n) I(ta) I(tb) I(bias) I(half) NEOCOG_ACT_INTS(I)
#define NEOCOG_REDUCE_INTS(I) I(kind) I(outer) I(size) I(inner)
#define NEOCOG_UNARY_INTS(I) I(size) NEOCOG_ACT_INTS(I)
#define NEOCOG_BINARY_INTS(I)                 \
  I(kind) I(d0) I(d1) I(d2) I(d3) I(d4) I(d5) \
  I(a0) I(a1) I(a2) I(a3) I(a4) I(a5)         \
  I(b0) I(b1) I(b2) I(b3) I(b4) I(b5) NEOCOG_ACT_INTS(I)
#define NEOCOG_WHERE_INTS(I)          \
  I(d0) I(d1) I(d2) I(d3) I(d4) I(d5) \
  I(c0) I(c1) I(c2) I(c3) I(c4) I(c5) \
  I(a0) I(a1) I(a2) I(a3) I(a4) I(a5) \
  I(b0) I(b1) I(b2) I(b3) I(b4) I(b5)
#define NEOCOG_ROWS_INTS(I) I(rows) I(c) NEOCOG_ACT_INTS(I)
#define NEOCOG_EPSILON_FLOATS(F) F(epsilon) NEOCOG_ACT_FLOATS(F)
#define NEOCOG_BATCHSTATS_INTS(I) I(rows) I(c)
#define NEOCOG_SOFTMAX_INTS(I) I(outer) I(size) I(inner) I(log)
#define NEOCOG_COPY_INTS(I)           \
  I(d0) I(d1) I(d2) I(d3) I(d4) I(d5) \
  I(i0) I(i1) I(i2) I(i3) I(i4) I(i5) \
  I(o0) I(o1) I(o2) I(o3) I(o4) I(o5) I(from) I(to) I(fill)
#define NEOCOG_COPY_FLOATS(F) F(value)
#define NEOCOG_CONCAT_INTS(I) I(outer)
#define NEOCOG_RESAMPLE_INTS(I) I(outer) I(size) I(inner) I(count) I(taps)
#define NEOCOG_RESAMPLE_FLOATS(F) F(fill)
#define NEOCOG_LRN_INTS(I) I(rows) I(c) I(size)
#define NEOCOG_LRN_FLOATS(F) F(alpha) F(beta) F(bias)
#define NEOCOG_NORMALIZE_INTS(I) I(outer) I(size) I(inner)
#define NEOCOG_NORMALIZE_FLOATS(F) F(epsilon)

// V(Struct, name, int fields, float fields, index of the packed input or -1)
#define NEOCOG_OPS(V)                                                        \
  V(Conv2d, conv2d, NEOCOG_CONV2D_INTS, NEOCOG_ACT_FLOATS, 1)                \
  V(Depthwise2d, depthwise2d, NEOCOG_DEPTHWISE2D_INTS, NEOCOG_ACT_FLOATS, 1) \
  V(ConvTranspose2d, convtranspose2d, NEOCOG_CONVTRANSPOSE2D_INTS,           \
    NEOCOG_ACT_FLOATS, 1)                                                    \
  V(Matmul, matmul, NEOCOG_MATMUL_INTS, NEOCOG_ACT_FLOATS, 1)                \
  V(MaxPool2d, maxpool2d, NEOCOG_POOL2D_INTS, NEOCOG_NO_FLOATS, -1)          \
  V(AveragePool2d, averagepool2d, NEOCOG_AVERAGE_INTS, NEOCOG_NO_FLOATS, -1) \
  V(Reduce, reduce, NEOCOG_REDUCE_INTS, NEOCOG_NO_FLOATS, -1)                \
  V(Unary, unary, NEOCOG_UNARY_INTS, NEOCOG_ACT_FLOATS, -1)                  \
  V(Binary, binary, NEOCOG_BINARY_INTS, NEOCOG_ACT_FLOATS, -1)               \
  V(Scale, scale, NEOCOG_ROWS_INTS, NEOCOG_ACT_FLOATS, -1)                   \
  V(BatchNorm, batchnorm, NEOCOG_ROWS_INTS, NEOCOG_EPSILON_FLOATS, -1)       \
  V(BatchStats, batchstats, NEOCOG_BATCHSTATS_INTS, NEOCOG_NO_FLOATS, -1)    \
  V(Softmax, softmax, NEOCOG_SOFTMAX_INTS, NEOCOG_NO_FLOATS, -1)             \
  V(Copy, copy, NEOCOG_COPY_INTS, NEOCOG_COPY_FLOATS, -1)                    \
  V(Concat, concat, NEOCOG_CONCAT_INTS, NEOCOG_NO_FLOATS, -1)                \
  V(Im2col, im2col, NEOCOG_WINDOW, NEOCOG_NO_FLOATS, -1)                     \
  V(Resample, resample, NEOCOG_RESAMPLE_INTS, NEOCOG_RESAMPLE_FLOATS, -1)    \
  V(Lrn, lrn, NEOCOG_LRN_INTS, NEOCOG_LRN_FLOATS, -1)                        \
  V(Normalize, normalize, NEOCOG_NORMALIZE_INTS, NEOCOG_NORMALIZE_FLOATS, -1) \
  V(Where, where, NEOCOG_WHERE_INTS, NEOCOG_NO_FLOATS, -1)

// clang-format on

#define NEOCOG_INT_FIELD(name) int32_t name;
#define NEOCOG_FLOAT_FIELD(name) float name;
#define NEOCOG_STRUCT(Struct, id, INTS, FLOATS, packs) \
  struct Struct {                                      \
    INTS(NEOCOG_INT_FIELD) FLOATS(NEOCOG_FLOAT_FIELD)  \
  };
NEOCOG_OPS(NEOCOG_STRUCT)
#undef NEOCOG_STRUCT
#undef NEOCOG_FLOAT_FIELD
#undef NEOCOG_INT_FIELD

#define NEOCOG_OP_ENUM(Struct, id, INTS, FLOATS, packs) k##Struct,
enum OpIndex : int32_t { NEOCOG_OPS(NEOCOG_OP_ENUM) kOpCount };
#undef NEOCOG_OP_ENUM

// clang-format off
// X(name): the order is that of the TypeScript lists.
#define NEOCOG_ACTIVATIONS(X)                                     \
  X(none) X(relu) X(leakyrelu) X(elu) X(sigmoid) X(tanh) X(softplus) \
  X(hardsigmoid) X(hardswish) X(swish) X(gelu) X(gelutanh)           \
  X(clip) X(exp) X(log) X(sqrt) X(abs) X(reciprocal) X(floor) X(ceil) \
  X(round) X(trunc) X(sign) X(erf) X(sin) X(cos) X(softsign) X(mish)  \
  X(thresholdedrelu)
#define NEOCOG_BINARIES(X)                                          \
  X(add) X(multiply) X(prelu) X(subtract) X(divide) X(minimum)      \
  X(maximum) X(power) X(equal) X(less) X(lessequal) X(mod) X(fmod)
#define NEOCOG_REDUCTIONS(X) \
  X(sum) X(mean) X(max) X(min) X(product) \
  X(argmax) X(argmin) X(argmaxlast) X(argminlast)

// clang-format on

#define NEOCOG_ENUM_ENTRY(name) k_##name,
enum class Act : int32_t { NEOCOG_ACTIVATIONS(NEOCOG_ENUM_ENTRY) kCount };
enum class BinaryKind : int32_t { NEOCOG_BINARIES(NEOCOG_ENUM_ENTRY) kCount };
enum class ReduceKind : int32_t { NEOCOG_REDUCTIONS(NEOCOG_ENUM_ENTRY) kCount };
#undef NEOCOG_ENUM_ENTRY

}  // namespace neocog

#endif  // NEOCOG_OPS_H_
