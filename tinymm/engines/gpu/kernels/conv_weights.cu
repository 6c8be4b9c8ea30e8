// Convolution backward to W and b, as a matrix product over all places of all samples.
//
//   dW[k,o] = Σ x[the window at the place, k] dz[place,o]       db[o] = Σ dz[place,o]
//   dz[place,o] = dy[cell,o] where the place is the cell's winner, else 0
//
// parts[z] is (KERNEL + 1, O), the last row for b; sum_parts.cu adds them up.
//
// Launch  grid (⌈KERNEL/64⌉, ⌈O/BN⌉, parts), 256 threads, 16 × 16; a thread computes 4 × TN numbers, BN = 16 TN.
// Moves   the windows ⌈O/BN⌉ times, dy ⌈KERNEL/64⌉ times, mostly from the caches; neither is ever written out in full.

#define PLACES (PH * PW)
#define KERNEL (KH * KW * C)
#define BN (16 * TN)
#define BP 16

extern "C" __global__ void __launch_bounds__(256) conv_weights(
    const T* x, whole x_sample, const T* dy, whole dy_sample, const unsigned char* winner, T* parts,
    whole cells, whole H, whole WIDTH, whole QH, whole QW, whole top, whole left, whole slab)
{
    __shared__ __align__(16) T xs[BP][64 + 4];
    __shared__ __align__(16) T ds[BP][BN + 4];
    __shared__ whole base[BP], source[BP], number[BP];
    __shared__ int above[BP], beside[BP], placed[BP];
    const int tid = threadIdx.x, tn = tid % 16, tk = tid / 16, k0 = blockIdx.x * 64, o0 = blockIdx.y * BN;
    const whole places = cells * PLACES, begin = blockIdx.z * slab;
    const whole end = begin + slab < places ? begin + slab : places;
    T sum[4][TN], bias = T(0);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < TN; j++) sum[i][j] = T(0);

    for (whole p0 = begin; p0 < end; p0 += BP) {
        if (tid < BP) {
            const whole cell = (p0 + tid) / PLACES, n = cell / (QH * QW);
            const int place = (int)((p0 + tid) % PLACES), rest = (int)(cell - n * (QH * QW)), P = rest / (int)QW, Q = rest - P * (int)QW;
            placed[tid] = p0 + tid < end ? place : -1;
            base[tid] = n * x_sample;
            source[tid] = n * dy_sample + (whole)rest * O;
            number[tid] = cell * O;
            above[tid] = (P * PH + place / PW) * SH - (int)top;
            beside[tid] = (Q * PW + place % PW) * SW - (int)left;
        }
        __syncthreads();
        for (int e = tid; e < BP * 64; e += 256) {
            const int p = e / 64, k = k0 + e % 64, h = above[p] + k / (KW * C), w = beside[p] + k / C % KW;
            const bool inside = placed[p] >= 0 && k < KERNEL && h >= 0 && h < H && w >= 0 && w < WIDTH;
            xs[p][e % 64] = inside ? x[base[p] + (h * WIDTH + w) * C + k % C] : T(0);
        }
        for (int e = tid; e < BP * BN; e += 256) {
            const int p = e / BN, o = o0 + e % BN;
            const bool wins = placed[p] >= 0 && o < O && (!winner || winner[number[p] + o] == placed[p]);
            ds[p][e % BN] = wins ? dy[source[p] + o] : T(0);
        }
        __syncthreads();
        for (int p = 0; p < BP; p++) {
            T left_[4], right_[TN];
            for (int i = 0; i < 4; i++) left_[i] = xs[p][tk * 4 + i];
            for (int j = 0; j < TN; j++) right_[j] = ds[p][tn * TN + j];
            for (int i = 0; i < 4; i++)
                for (int j = 0; j < TN; j++) sum[i][j] += left_[i] * right_[j];
        }
        if (k0 == 0 && tid < BN)
            for (int p = 0; p < BP; p++) bias += ds[p][tid];
        __syncthreads();
    }
    T* part = parts + blockIdx.z * (whole)(KERNEL + 1) * O;
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < TN; j++) {
            const int k = k0 + tk * 4 + i, o = o0 + tn * TN + j;
            if (k < KERNEL && o < O) part[(whole)k * O + o] = sum[i][j];
        }
    if (k0 == 0 && tid < BN && o0 + tid < O) part[(whole)KERNEL * O + o0 + tid] = bias;
}
