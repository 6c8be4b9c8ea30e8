// Dense with few units, backward in one pass over x.
//
//   dz[n,m] = dy[n,m] · f′                  dx[n,d] = Σ_m dz[n,m] W[d,m]
//   dW[d,m] = Σₙ x[n,d] dz[n,m]             db[m] = Σₙ dz[n,m]          (as of a feature d = D that is always 1)
//
// Launch  grid (⌈(D+1)/256⌉, slabs of samples), 256 threads: a thread owns a feature. With one slab dW and db
//         are written at once; else each slab writes a part (D+1, M), and sum_parts.cu adds them up.
// Moves   x once and dx once, W and dW once a slab.

#define HELD 256  // samples whose dz are held in shared memory at a time

extern "C" __global__ void __launch_bounds__(256) dense_narrow_backward(
    const T* dy, const T* y, const T* x, whole x_step, const T* W, T* dx, T* dW, T* db, whole N, whole D, whole slab)
{
    __shared__ T dz[HELD][M];
    const whole d = (whole)blockIdx.x * 256 + threadIdx.x, begin = blockIdx.y * slab;
    const whole end = begin + slab < N ? begin + slab : N;
    T w[M], sum[M];
    for (int m = 0; m < M; m++) {
        w[m] = d < D ? W[d * M + m] : T(0);
        sum[m] = T(0);
    }
    for (whole n0 = begin; n0 < end; n0 += HELD) {
        const int held = end - n0 < HELD ? (int)(end - n0) : HELD;
        for (int e = threadIdx.x; e < held * M; e += 256)
            dz[e / M][e % M] = dy[n0 * M + e] * slope<ACT>(y[n0 * M + e]);
        __syncthreads();
        if (d < D)
            for (int n = 0; n < held; n++) {
                const T value = x[(n0 + n) * x_step + d];
                T back = T(0);
                for (int m = 0; m < M; m++) {
                    sum[m] += value * dz[n][m];
                    back += dz[n][m] * w[m];
                }
                if (dx) dx[(n0 + n) * D + d] = back;
            }
        else if (d == D)
            for (int n = 0; n < held; n++)
                for (int m = 0; m < M; m++) sum[m] += dz[n][m];
        __syncthreads();
    }
    T* out = (d < D ? dW + d * M : db) + blockIdx.y * (D + 1) * M;
    if (d <= D)
        for (int m = 0; m < M; m++) out[m] = sum[m];
}
