// Convolution, ReLU and max pooling in one kernel. A Conv1D is a picture of height 1.
//
//   z[n,p,q,o] = b[o] + Σᵢⱼ Σ_c x[n, p·SH + i − top, q·SW + j − left, c] W[i,j,c,o]
//   y[n,P,Q,o] = max(0, z at the PH × PW places of the pool's window (P,Q))
//   winner     = the first place with the maximum; 255 where the ReLU made it 0
//
// Launch  grid (⌈cells/CELLS⌉, ⌈O/BN⌉), TR × TC threads. A cell is a window of the pool; a thread computes all places
//         of CT cells for OT channels, so the full-size map z never leaves the registers.
// Moves   x once (windows that overlap meet in the first-level cache), W once a block, y once, a byte of winner for
//         each y. A tile of windows, K × BM numbers at a time in steps of BK, goes through shared memory.

#define PLACES (PH * PW)
#define KERNEL (KH * KW * C)
#define CELLS (TR * CT)
#define BM (CELLS * PLACES)
#define BN (TC * OT)

extern "C" __global__ void __launch_bounds__(TR * TC) conv_forward(
    const T* x, whole x_sample, const T* W, const T* b, T* y, whole y_sample, unsigned char* winner,
    whole cells, whole H, whole WIDTH, whole QH, whole QW, whole top, whole left)
{
    __shared__ __align__(16) T xs[BK][BM + 4];
    __shared__ T ws[BK][BN];
    __shared__ whole base[BM], target[CELLS];
    __shared__ int above[BM], beside[BM];
    const int tid = threadIdx.x, tc = tid % TC, tr = tid / TC;
    const whole cell0 = (whole)blockIdx.x * CELLS;
    const int o0 = blockIdx.y * BN;

    for (int p = tid; p < BM; p += TR * TC) {  // where the window of each place begins, and where its cell's y goes
        const whole cell = cell0 + p / PLACES, n = cell / (QH * QW);
        const int place = p % PLACES, rest = (int)(cell - n * (QH * QW)), P = rest / (int)QW, Q = rest - P * (int)QW;
        base[p] = cell < cells ? n * x_sample : -1;
        above[p] = (P * PH + place / PW) * SH - (int)top;
        beside[p] = (Q * PW + place % PW) * SW - (int)left;
        if (place == 0) target[p / PLACES] = n * y_sample + (whole)rest * O;
    }
    T sum[CT * PLACES][OT];
    for (int i = 0; i < CT * PLACES; i++)
        for (int j = 0; j < OT; j++) sum[i][j] = T(0);
    __syncthreads();

    for (int k0 = 0; k0 < KERNEL; k0 += BK) {
        for (int e = tid; e < BM * BK; e += TR * TC) {
            const int p = C < 16 ? e % BM : e / BK, kk = C < 16 ? e / BM : e % BK, k = k0 + kk;
            T value = T(0);
            if (k < KERNEL && base[p] >= 0) {
                const int h = above[p] + k / (KW * C), w = beside[p] + k / C % KW;
                if (h >= 0 && h < H && w >= 0 && w < WIDTH) value = x[base[p] + (h * WIDTH + w) * C + k % C];
            }
            xs[kk][p] = value;
        }
        for (int e = tid; e < BK * BN; e += TR * TC) {
            const int k = k0 + e / BN, o = o0 + e % BN;
            ws[e / BN][e % BN] = k < KERNEL && o < O ? W[k * O + o] : T(0);
        }
        __syncthreads();
        for (int k = 0; k < BK; k++) {
            T left_[CT * PLACES], right_[OT];
            for (int i = 0; i < CT * PLACES; i++) left_[i] = xs[k][tr * CT * PLACES + i];
            for (int j = 0; j < OT; j++) right_[j] = ws[k][tc + TC * j];
            for (int i = 0; i < CT * PLACES; i++)
                for (int j = 0; j < OT; j++) sum[i][j] += left_[i] * right_[j];
        }
        __syncthreads();
    }
    for (int i = 0; i < CT; i++) {
        const whole cell = cell0 + tr * CT + i;
        if (cell >= cells) break;
        for (int j = 0; j < OT; j++) {
            const int o = o0 + tc + TC * j;
            if (o >= O) break;
            T best = sum[i * PLACES][j];
            int won = 0;
            for (int place = 1; place < PLACES; place++) {
                const T z = sum[i * PLACES + place][j];
                if (z > best || z != z) {  // NaN wins, so that it is noticed
                    best = z;
                    won = place;
                }
            }
            best += b[o];
            if (RELU_AFTER && !(best > T(0))) {
                won = 255;
                if (best == best) best = T(0);
            }
            y[target[tr * CT + i] + o] = best;
            if (winner) winner[cell * O + o] = won;
        }
    }
}
