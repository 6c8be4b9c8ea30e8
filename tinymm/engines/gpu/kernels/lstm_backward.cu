// A whole LSTM sequence backward in one kernel, from the last step to the first; Uᵀ stays on the chip.
//
//   dh_t = dy_t + dh from step t+1                     dc_t = dh_t o (1 − tanh² c_t) + dc from step t+1
//   dz_i = dc g i(1−i)   dz_f = dc c_{t−1} f(1−f)   dz_g = dc i (1−g²)   dz_o = dh tanh(c) o(1−o)
//   dh_{t−1} = dz Uᵀ     dc_{t−1} = dc f               a masked step hands both on as they are, and its dz is 0
//
// dW, dU, db and dx are products of dz with x, h and W: matmul.cu makes them afterwards, for all steps at once.
//
// Launch  as lstm_forward.cu. Thread (m, q) works out dz of unit m, and multiplies the q-th part of all dz with its rows
//         of Uᵀ (4M, M), transposed before so that rows read from the second-level cache are read side by side.
// Moves   gates in as i, f, g, o and out as dz; c and dy once; Uᵀ once a block.

extern "C" __global__ void __launch_bounds__(THREADS, 1) lstm_backward(
    T* gates, const T* UT, const T* c_all, const T* dy, whole dy_sample, whole dy_step, const unsigned char* mask, whole N, whole steps)
{
    extern __shared__ Four shared[];
    Four* weights = shared;                                         // [IN_SHARED][THREADS]
    Four* dz = weights + IN_SHARED * THREADS;                       // [2][R][Q][PART + 1], the four gates of a unit together
    const int tid = threadIdx.x, q = tid % Q, m = tid / Q;
    const whole n0 = (whole)blockIdx.x * R;

    Four near[IN_REGISTERS > 0 ? IN_REGISTERS : 1];
#define WEIGHT(k, g) (m < M && q * PART + (k) < M ? UT[((g) * M + q * PART + (k)) * M + m] : T(0))
#pragma unroll
    for (int k = 0; k < IN_REGISTERS; k++)
        for (int g = 0; g < 4; g++) near[k].v[g] = WEIGHT(k, g);
    for (int k = 0; k < IN_SHARED; k++)
        for (int g = 0; g < 4; g++) weights[k * THREADS + tid].v[g] = WEIGHT(IN_REGISTERS + k, g);
    for (int e = tid; e < 2 * R * Q * (PART + 1); e += THREADS)
        for (int g = 0; g < 4; g++) dz[e].v[g] = T(0);
    T dh[R], dc[R], c[R], c_before[R], above[R];  // c of step t and of the one before it, and dy of step t
    Four gate[R];
    bool real[R];
    auto read = [&](int r, whole t) {  // what step t needs of sample r: asked for one step ahead, so that nobody waits for it
        const whole at = (n0 + r) * steps + t, state = at + n0 + r;  // rows of (N, T) and of (N, T+1)
        real[r] = false;
        if (m >= M || n0 + r >= N) return;
        real[r] = !mask || mask[at];
        for (int g = 0; g < 4; g++) gate[r].v[g] = gates[at * 4 * M + g * M + m];
        c_before[r] = c_all[state * M + m];
        if (SEQUENCES) above[r] = dy[(n0 + r) * dy_sample + t * dy_step + m];
    };
    for (int r = 0; r < R; r++) {
        dc[r] = T(0);
        const bool mine = m < M && n0 + r < N;
        dh[r] = !SEQUENCES && mine ? dy[(n0 + r) * dy_sample + m] : T(0);
        c[r] = mine ? c_all[((n0 + r) * (steps + 1) + steps) * M + m] : T(0);
        read(r, steps - 1);
    }
    __syncthreads();

    for (whole t = steps - 1; t >= 0; t--) {
        Four* now = dz + t % 2 * R * Q * (PART + 1);
        bool passes[R];  // real[] of this step: the next one's is read before the end
        for (int r = 0; r < R; r++) {
            passes[r] = real[r];
            if (m >= M || n0 + r >= N) continue;
            if (SEQUENCES) dh[r] += above[r];
            Four d;
            for (int g = 0; g < 4; g++) d.v[g] = T(0);
            if (real[r]) {
                const T i = gate[r].v[0], f = gate[r].v[1], g = gate[r].v[2], o = gate[r].v[3], tanh_c = tanh(c[r]);
                dc[r] += dh[r] * o * (T(1) - tanh_c * tanh_c);
                d.v[0] = dc[r] * g * i * (T(1) - i);
                d.v[1] = dc[r] * c_before[r] * f * (T(1) - f);
                d.v[2] = dc[r] * i * (T(1) - g * g);
                d.v[3] = dh[r] * tanh_c * o * (T(1) - o);
                dc[r] *= f;
            }
            c[r] = c_before[r];
            if (q == 0) now[(r * Q + m / PART) * (PART + 1) + m % PART] = d;
        }
        __syncthreads();  // the partners have read the gates that are overwritten now
        for (int r = 0; r < R; r++)
            if (q == 0 && m < M && n0 + r < N)
                for (int g = 0; g < 4; g++)
                    gates[((n0 + r) * steps + t) * 4 * M + g * M + m] = now[(r * Q + m / PART) * (PART + 1) + m % PART].v[g];
        T sum[R];
        for (int r = 0; r < R; r++) sum[r] = T(0);
        if (t > 0)
            for (int r = 0; r < R; r++) read(r, t - 1);
#pragma unroll
        for (int k = 0; k < IN_REGISTERS; k++)
            for (int r = 0; r < R; r++) {
                const Four d = now[(r * Q + q) * (PART + 1) + k];
                for (int g = 0; g < 4; g++) sum[r] += d.v[g] * near[k].v[g];
            }
#pragma unroll 4
        for (int k = IN_REGISTERS; k < IN_REGISTERS + IN_SHARED; k++) {
            const Four u = weights[(k - IN_REGISTERS) * THREADS + tid];
            for (int r = 0; r < R; r++) {
                const Four d = now[(r * Q + q) * (PART + 1) + k];
                for (int g = 0; g < 4; g++) sum[r] += d.v[g] * u.v[g];
            }
        }
#pragma unroll 4
        for (int k = IN_REGISTERS + IN_SHARED; k < PART; k++) {
            Four u;
            for (int g = 0; g < 4; g++) u.v[g] = WEIGHT(k, g);
            for (int r = 0; r < R; r++) {
                const Four d = now[(r * Q + q) * (PART + 1) + k];
                for (int g = 0; g < 4; g++) sum[r] += d.v[g] * u.v[g];
            }
        }
        for (int r = 0; r < R; r++) {
            for (int jump = Q / 2; jump > 0; jump /= 2) sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], jump);
            if (passes[r]) dh[r] = sum[r];
        }
    }
}
