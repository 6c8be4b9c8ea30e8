// Convolution backward to W and b, for kernels of few numbers (the first layer of a network), behind ReLU and pool.
//
//   dW[k,o] = Σ dy[cell,o] x[the window at the cell's winner, k]       db[o] = Σ dy[cell,o] where there is a winner
//
// Only winners have a gradient, so of a pool's PH × PW places one is looked at. parts[p] is (KERNEL + 1, O), the last
// row for b; sum_parts.cu adds the parts up.
//
// Launch  grid (parts, ⌈O/32⌉), blocks of 32 × 8 threads: a lane owns a channel and all KERNEL sums of it in registers;
//         warps take cells in turn.
// Moves   dy and winner once, neighbouring lanes neighbouring channels; x from the first-level cache.

#define KERNEL (KH * KW * C)
#define WARPS 8

extern "C" __global__ void __launch_bounds__(32 * WARPS) conv_weights_few(
    const T* x, whole x_sample, const T* dy, whole dy_sample, const unsigned char* winner, T* parts,
    whole cells, whole H, whole WIDTH, whole QH, whole QW, whole top, whole left, whole slab)
{
    __shared__ T sums[WARPS][WARPS][33];
    const int lane = threadIdx.x, warp = threadIdx.y, o = blockIdx.y * 32 + lane;
    const whole begin = blockIdx.x * slab, end = begin + slab < cells ? begin + slab : cells;
    T sum[KERNEL + 1];
    for (int k = 0; k <= KERNEL; k++) sum[k] = T(0);
    if (o < O)
        for (whole cell = begin + warp; cell < end; cell += WARPS) {
            const int place = winner ? winner[cell * O + o] : 0;
            if (place == 255) continue;
            const whole n = cell / (QH * QW), rest = cell % (QH * QW);
            const T d = dy[n * dy_sample + rest * O + o];
            const int above = (int)((rest / QW * PH + place / PW) * SH - top);
            const int beside = (int)((rest % QW * PW + place % PW) * SW - left);
            const T* corner = x + n * x_sample + ((whole)above * WIDTH + beside) * C;
            for (int i = 0; i < KH; i++)
                for (int j = 0; j < KW; j++) {
                    const bool inside = !PADDED || (above + i >= 0 && above + i < H && beside + j >= 0 && beside + j < WIDTH);
                    for (int c = 0; c < C; c++)
                        if (inside) sum[(i * KW + j) * C + c] += d * corner[((whole)i * WIDTH + j) * C + c];
                }
            sum[KERNEL] += d;
        }
    for (int k0 = 0; k0 <= KERNEL; k0 += WARPS) {  // eight sums at a time: warp w adds up the k0 + w-th of all warps
        for (int e = 0; e < WARPS; e++)
            if (k0 + e <= KERNEL) sums[e][warp][lane] = sum[k0 + e];
        __syncthreads();
        if (k0 + warp <= KERNEL && o < O) {
            T total = T(0);
            for (int w = 0; w < WARPS; w++) total += sums[warp][w][lane];
            parts[((whole)blockIdx.x * (KERNEL + 1) + k0 + warp) * O + o] = total;
        }
        __syncthreads();
    }
}
