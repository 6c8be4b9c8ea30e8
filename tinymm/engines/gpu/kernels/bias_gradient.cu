// Backward through y = f(z + b): the gradient before the activation, and the first stage of the bias's.
//
//   dz[r,m] = dy[r,m] · f′(z[r,m])          f′ from y alone
//   parts[p,m] = Σ dz[r,m]                  over the rows r of slab p; sum_parts.cu adds the slabs up
//
// Launch  grid (⌈M/32⌉, slabs), blocks of 32 × 8 threads: x along the columns, y along the rows.
// Moves   dy and y once, dz once; without an activation only dy, and dz is dy itself.

extern "C" __global__ void __launch_bounds__(256) bias_gradient(
    const T* dy, whole dy_step, const T* y, whole y_step, T* dz, T* parts, whole rows, whole M, whole slab)
{
    __shared__ T sums[8][33];
    const whole m = (whole)blockIdx.x * 32 + threadIdx.x, begin = blockIdx.y * slab;
    const whole end = begin + slab < rows ? begin + slab : rows;
    T sum = T(0);
    if (m < M)
        for (whole r = begin + threadIdx.y; r < end; r += 8) {
            T d = dy[r * dy_step + m];
            if (ACT != IDENTITY) {
                d *= slope<ACT>(y[r * y_step + m]);
                dz[r * M + m] = d;
            }
            sum += d;
        }
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y || m >= M) return;
    for (int k = 1; k < 8; k++) sum += sums[k][threadIdx.x];
    parts[blockIdx.y * M + m] = sum;
}
