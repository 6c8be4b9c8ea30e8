// Convolution backward to W and b, for kernels of few numbers (the first layer of a network), behind ReLU and pool.
//
//   dW[k,o] = Σ dy[cell,o] x[the window at the cell's winner, k]       db[o] = Σ dy[cell,o] where there is a winner
//
// Only winners have a gradient, so of a pool's PH × PW places one is looked at. parts[p] is (KERNEL + 1, O), the last
// row for b; sum_parts.cu adds the parts up.
//
// Launch  grid (parts, ⌈O/32⌉), blocks of 32 × 8 threads: a lane owns a channel and all KERNEL sums of it in registers;
//         warps take cells in turn, a few at a time, so that memory is asked before its answer is needed.
// Moves   dy and winner once, neighbouring lanes neighbouring channels; x from the first-level cache.

#define KERNEL (KH * KW * C)
#define WARPS 8
#define AHEAD 4  // cells whose gradients are on their way while a warp works on others

extern "C" __global__ void __launch_bounds__(32 * WARPS) conv_weights_few(
    const T* x, whole x_sample, const T* dy, whole dy_sample, const unsigned char* winner, T* parts,
    whole cells, whole H, whole WIDTH, whole QH, whole QW, whole top, whole left, whole slab)
{
    __shared__ T sums[WARPS][WARPS][33];
    const int lane = threadIdx.x, warp = threadIdx.y, o = blockIdx.y * 32 + lane;
    const whole begin = blockIdx.x * slab, end = begin + slab < cells ? begin + slab : cells;
    T sum[KERNEL + 1];
    for (int k = 0; k <= KERNEL; k++) sum[k] = T(0);
    const whole area = QH * QW, first = begin + warp;
    whole n = first / area;
    int rest = (int)(first - n * area);
    for (whole at = first; o < O && at < end; at += WARPS * AHEAD) {
        T d[AHEAD];
        int place[AHEAD], above[AHEAD], beside[AHEAD];
        const T* corner[AHEAD];
        for (int a = 0; a < AHEAD; a++) {
            const whole cell = at + a * WARPS;
            const int P = rest / (int)QW, Q = rest - P * (int)QW;
            place[a] = cell < end ? winner ? winner[cell * O + o] : 0 : 255;
            d[a] = cell < end ? dy[n * dy_sample + (whole)rest * O + o] : T(0);
            above[a] = P * PH * SH - (int)top;
            beside[a] = Q * PW * SW - (int)left;
            corner[a] = x + n * x_sample;
            for (rest += WARPS; rest >= area; rest -= (int)area) n++;
        }
        for (int a = 0; a < AHEAD; a++) {
            if (place[a] == 255) continue;
            above[a] += place[a] / PW * SH;
            beside[a] += place[a] % PW * SW;
            const T* from = corner[a] + ((whole)above[a] * WIDTH + beside[a]) * C;
            for (int i = 0; i < KH; i++)
                for (int j = 0; j < KW; j++) {
                    const bool inside = !PADDED || (above[a] + i >= 0 && above[a] + i < H && beside[a] + j >= 0 && beside[a] + j < WIDTH);
                    for (int c = 0; c < C; c++)
                        if (inside) sum[(i * KW + j) * C + c] += d[a] * from[((whole)i * WIDTH + j) * C + c];
                }
            sum[KERNEL] += d[a];
        }
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
