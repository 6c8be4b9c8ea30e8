// Dense with few units on many features, as behind the article's joint of 158,852 features: a matter of memory.
//
//   parts[p,n,m] = Σ x[n,d] W[d,m]          over the features d of slab p; sum_parts.cu adds them up, with bias and f
//
// Launch  grid (slabs, ⌈N/ROWS⌉), 256 threads: neighbouring threads take neighbouring features of ROWS samples.
// Moves   x once, W ⌈N/ROWS⌉ times (from the second-level cache), and a few numbers out.

extern "C" __global__ void __launch_bounds__(256) dense_narrow_forward(
    const T* x, whole x_step, const T* W, T* parts, whole N, whole D, whole slab)
{
    __shared__ T room[256];
    const whole n0 = (whole)blockIdx.y * ROWS, begin = blockIdx.x * slab;
    const whole end = begin + slab < D ? begin + slab : D;
    T sum[ROWS][M];
    for (int r = 0; r < ROWS; r++)
        for (int m = 0; m < M; m++) sum[r][m] = T(0);
    for (whole d = begin + threadIdx.x; d < end; d += 256) {
        T w[M];
        for (int m = 0; m < M; m++) w[m] = W[d * M + m];
        for (int r = 0; r < ROWS; r++) {
            if (n0 + r >= N) break;
            const T value = x[(n0 + r) * x_step + d];
            for (int m = 0; m < M; m++) sum[r][m] += value * w[m];
        }
    }
    for (int r = 0; r < ROWS; r++)
        for (int m = 0; m < M; m++) {
            const T total = block_sum<256>(sum[r][m], room);
            if (threadIdx.x == 0 && n0 + r < N) parts[(blockIdx.x * N + n0 + r) * M + m] = total;
        }
}
