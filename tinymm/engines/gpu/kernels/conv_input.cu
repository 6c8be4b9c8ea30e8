// Convolution backward to its input: every cell of x collects from the outputs that read it.
//
//   dx[n,h,w,c] = Σᵢⱼ Σ_o dz[n,p,q,o] W[i,j,c,o]       over the i, j with p·SH + i − top = h and q·SW + j − left = w
//   dz[n,p,q,o] = dy at the pool's window that (p,q) is in, where (p,q) is its winner, else 0
//
// Launch  grid (⌈N·H·WIDTH/64⌉, ⌈C/BN⌉), 256 threads, 16 × 16; a thread computes 4 × TN numbers, BN = 16 TN.
// Moves   dy and winner KH·KW times, mostly from the caches, W once a block, dx once. Collecting needs no atomics.

#define BN (16 * TN)
#define BO 16

extern "C" __global__ void __launch_bounds__(256) conv_input(
    const T* dy, whole dy_sample, const unsigned char* winner, const T* W, T* dx,
    whole N, whole H, whole WIDTH, whole QH, whole QW, whole top, whole left)
{
    __shared__ __align__(16) T ds[BO][64 + 4];
    __shared__ __align__(16) T ws[BO][BN + 4];
    __shared__ whole source[64], number[64];
    __shared__ int placed[64];
    const int tid = threadIdx.x, tc = tid % 16, tp = tid / 16, c0 = blockIdx.y * BN;
    const whole x0 = (whole)blockIdx.x * 64, all = N * H * WIDTH;
    T sum[4][TN];
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < TN; j++) sum[i][j] = T(0);

    const whole at = x0 + tid, n = at / (H * WIDTH);  // the cell that a thread of the first 64 looks up below
    const int cell = (int)(at - n * (H * WIDTH)), row = cell / (int)WIDTH, column = cell - row * (int)WIDTH;

    for (int ij = 0; ij < KH * KW; ij++) {
        if (tid < 64) {  // which output read this cell with W[i,j]
            const int h = row + (int)top - ij / KW, w = column + (int)left - ij % KW;
            const int p = h / SH, q = w / SW, P = p / PH, Q = q / PW;
            const bool read = at < all && h >= 0 && w >= 0 && h % SH == 0 && w % SW == 0 && P < QH && Q < QW;
            placed[tid] = read ? p % PH * PW + q % PW : -1;
            source[tid] = n * dy_sample + (P * QW + Q) * O;
            number[tid] = (n * QH * QW + P * QW + Q) * O;
        }
        __syncthreads();
        for (int o0 = 0; o0 < O; o0 += BO) {
            for (int e = tid; e < 64 * BO; e += 256) {
                const int p = e / BO, o = o0 + e % BO;
                const bool wins = placed[p] >= 0 && o < O && (!winner || winner[number[p] + o] == placed[p]);
                ds[e % BO][p] = wins ? dy[source[p] + o] : T(0);
            }
            for (int e = tid; e < BN * BO; e += 256) {
                const int c = c0 + e / BO, o = o0 + e % BO;
                ws[e % BO][e / BO] = c < C && o < O ? W[((whole)ij * C + c) * O + o] : T(0);
            }
            __syncthreads();
            for (int o = 0; o < BO; o++) {
                T left_[4], right_[TN];
                for (int i = 0; i < 4; i++) left_[i] = ds[o][tp * 4 + i];
                for (int j = 0; j < TN; j++) right_[j] = ws[o][tc * TN + j];
                for (int i = 0; i < 4; i++)
                    for (int j = 0; j < TN; j++) sum[i][j] += left_[i] * right_[j];
            }
            __syncthreads();
        }
    }
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < TN; j++) {
            const whole at = x0 + tp * 4 + i;
            const int c = c0 + tc * TN + j;
            if (at < all && c < C) dx[at * C + c] = sum[i][j];
        }
}
