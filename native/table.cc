// Compiled once per ISA with that ISA's flags and NEOCOG_ISA_<NAME> defined:
// the kernels become one table, the object's only symbol.
#include "kernels.h"
#include "simd.h"
// The order matters to nobody; every header includes what it needs.
#include "kernels/averagepool2d.h"
#include "kernels/batchnorm.h"
#include "kernels/batchstats.h"
#include "kernels/binary.h"
#include "kernels/concat.h"
#include "kernels/conv2d.h"
#include "kernels/convtranspose2d.h"
#include "kernels/copy.h"
#include "kernels/depthwise2d.h"
#include "kernels/im2col.h"
#include "kernels/lrn.h"
#include "kernels/matmul.h"
#include "kernels/maxpool2d.h"
#include "kernels/normalize.h"
#include "kernels/peak.h"
#include "kernels/reduce.h"
#include "kernels/resample.h"
#include "kernels/scale.h"
#include "kernels/softmax.h"
#include "kernels/unary.h"
#include "kernels/where.h"

#if defined(NEOCOG_ISA_AVX512)
#define NEOCOG_TABLE kAvx512Table
#elif defined(NEOCOG_ISA_AVX2)
#define NEOCOG_TABLE kAvx2Table
#elif defined(NEOCOG_ISA_NEON)
#define NEOCOG_TABLE kNeonTable
#else
#define NEOCOG_TABLE kScalarTable
#endif

namespace neocog {

#define NEOCOG_TABLE_ENTRY(Struct, id, INTS, FLOATS, packs) k##Struct##Kernel,

const KernelTable NEOCOG_TABLE = {
    kIsaName, {NEOCOG_OPS(NEOCOG_TABLE_ENTRY)}, Peak};

#undef NEOCOG_TABLE_ENTRY

}  // namespace neocog
