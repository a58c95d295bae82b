/* The rival of matmul.mjs: square sgemm with OpenBLAS. A line with milliseconds in, a line of times (ms per call) out. */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

int main(int argc, char** argv) {
  int n = argc > 1 ? atoi(argv[1]) : 512;
  size_t size = (size_t)n * n;
  float* a = malloc(3 * size * sizeof(float));
  float *b = a + size, *c = b + size;
  double milliseconds;
  unsigned state = 1;
  size_t i;
  for (i = 0; i < 3 * size; i++) {
    state = state * 1664525u + 1013904223u;
    a[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
  }
  while (scanf("%lf", &milliseconds) == 1) {
    double end = now() + milliseconds, start, stop;
    do {
      start = now();
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0f, a,
                  n, b, n, 0.0f, c, n);
      stop = now();
      printf(stop < end ? "%.6f " : "%.6f\n", stop - start);
    } while (stop < end);
    fflush(stdout);
  }
  free(a);
  return 0;
}
