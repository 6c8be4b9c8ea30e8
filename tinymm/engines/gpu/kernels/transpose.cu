// out[j,i] = a[i,j]
//
// Launch  grid (⌈columns/32⌉, ⌈rows/32⌉), blocks of 32 × 8 threads; a tile turns in shared memory.
// Moves   every number once in and once out, both ways side by side.

extern "C" __global__ void __launch_bounds__(256) transpose(const T* a, T* out, whole rows, whole columns)
{
    __shared__ T tile[32][33];
    const whole j = (whole)blockIdx.x * 32 + threadIdx.x, i0 = (whole)blockIdx.y * 32;
    for (int k = threadIdx.y; k < 32; k += 8)
        if (i0 + k < rows && j < columns) tile[k][threadIdx.x] = a[(i0 + k) * columns + j];
    __syncthreads();
    const whole i = i0 + threadIdx.x, j0 = (whole)blockIdx.x * 32;
    for (int k = threadIdx.y; k < 32; k += 8)
        if (j0 + k < columns && i < rows) out[(j0 + k) * rows + i] = tile[threadIdx.x][k];
}
