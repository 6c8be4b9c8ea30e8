// A whole LSTM sequence in one kernel. The recurrent weights stay on the chip: in registers first, then in shared
// memory, and what does not fit is read from the second-level cache in every step.
//
//   z_t = x_t W + b  (made before, by matmul.cu)  +  h_{t−1} U
//   i = σ(z_i)   f = σ(z_f)   g = tanh(z_g)   o = σ(z_o)      c_t = f c_{t−1} + i g      h_t = o tanh(c_t)
//   a step whose mask is false hands on h and c as they were
//
// Samples do not depend on each other, so a block takes R of them through all steps and waits for no other block.
//
// Launch  ⌈N/R⌉ blocks of THREADS ≥ M·Q threads. Thread (m, q) multiplies the q-th part of h with its rows of U, for all
//         four gates of unit m: IN_REGISTERS rows from registers, IN_SHARED from shared memory. The Q partners are
//         neighbouring lanes, so the parts are added by shuffles, and one barrier a step is enough.
// Moves   gates (N,T,4M) in as z and out as i, f, g, o; c and h (N,T+1,M) out, for backward; U once a block.

extern "C" __global__ void __launch_bounds__(THREADS, 1) lstm_forward(
    T* gates, const T* U, T* h_all, T* c_all, T* y, whole y_sample, whole y_step, const unsigned char* mask, whole N, whole steps)
{
    extern __shared__ Four shared[];
    Four* weights = shared;                                         // [IN_SHARED][THREADS]
    T* h = (T*)(weights + IN_SHARED * THREADS);                     // [2][R][Q][PART + 4]: this step's and the next one's
    const int tid = threadIdx.x, q = tid % Q, m = tid / Q;
    const whole n0 = (whole)blockIdx.x * R;

    Four near[IN_REGISTERS > 0 ? IN_REGISTERS : 1];
#define WEIGHT(k, g) (m < M && q * PART + (k) < M ? U[(q * PART + (k)) * 4 * M + (g) * M + m] : T(0))
#pragma unroll
    for (int k = 0; k < IN_REGISTERS; k++)
        for (int g = 0; g < 4; g++) near[k].v[g] = WEIGHT(k, g);
    for (int k = 0; k < IN_SHARED; k++)
        for (int g = 0; g < 4; g++) weights[k * THREADS + tid].v[g] = WEIGHT(IN_REGISTERS + k, g);
    for (int e = tid; e < 2 * R * Q * (PART + 4); e += THREADS) h[e] = T(0);
    T c[R], before[R];
    for (int r = 0; r < R; r++) {
        c[r] = before[r] = T(0);
        if (m < M && q == 0 && n0 + r < N) {
            h_all[(n0 + r) * (steps + 1) * M + m] = T(0);
            c_all[(n0 + r) * (steps + 1) * M + m] = T(0);
        }
    }
    __syncthreads();

    for (whole t = 0; t < steps; t++) {
        const Four* now = (const Four*)(h + t % 2 * R * Q * (PART + 4)) + q * (PART + 4) / 4;  // row r: Q (PART + 4) / 4 on
        T* next = h + (t + 1) % 2 * R * Q * (PART + 4);
        Four sum[R], z[R];
        for (int r = 0; r < R; r++)
            for (int g = 0; g < 4; g++) {
                sum[r].v[g] = T(0);
                z[r].v[g] = m < M && n0 + r < N ? gates[((n0 + r) * steps + t) * 4 * M + g * M + m] : T(0);
            }
#pragma unroll
        for (int k = 0; k < IN_REGISTERS; k += 4)
            for (int r = 0; r < R; r++) {
                const Four part = now[r * Q * (PART + 4) / 4 + k / 4];
                for (int e = 0; e < 4; e++)
                    for (int g = 0; g < 4; g++) sum[r].v[g] += part.v[e] * near[k + e].v[g];
            }
        for (int k = 0; k < IN_SHARED; k += 4) {
            Four u[4];
            for (int e = 0; e < 4; e++) u[e] = weights[(k + e) * THREADS + tid];
            for (int r = 0; r < R; r++) {
                const Four part = now[r * Q * (PART + 4) / 4 + (IN_REGISTERS + k) / 4];
                for (int e = 0; e < 4; e++)
                    for (int g = 0; g < 4; g++) sum[r].v[g] += part.v[e] * u[e].v[g];
            }
        }
        for (int k = IN_REGISTERS + IN_SHARED; k < PART; k += 4) {
            Four u[4];
            for (int e = 0; e < 4; e++)
                for (int g = 0; g < 4; g++) u[e].v[g] = WEIGHT(k + e, g);
            for (int r = 0; r < R; r++) {
                const Four part = now[r * Q * (PART + 4) / 4 + k / 4];
                for (int e = 0; e < 4; e++)
                    for (int g = 0; g < 4; g++) sum[r].v[g] += part.v[e] * u[e].v[g];
            }
        }
        for (int r = 0; r < R; r++) {
            for (int g = 0; g < 4; g++)
                for (int jump = Q / 2; jump > 0; jump /= 2) sum[r].v[g] += __shfl_xor_sync(0xffffffffu, sum[r].v[g], jump);
            if (m >= M || n0 + r >= N) continue;
            const whole at = (n0 + r) * steps + t, state = at + n0 + r + 1;  // rows of (N, T) and of (N, T+1)
            const bool real = !mask || mask[at];
            const T i = sigmoid(z[r].v[0] + sum[r].v[0]), f = sigmoid(z[r].v[1] + sum[r].v[1]);
            const T g = tanh(z[r].v[2] + sum[r].v[2]), o = sigmoid(z[r].v[3] + sum[r].v[3]);
            if (real) {
                c[r] = f * c[r] + i * g;
                before[r] = o * tanh(c[r]);
            }
            if (q == 0) {
                const T values[4] = {i, f, g, o};
                for (int k = 0; k < 4; k++) gates[at * 4 * M + k * M + m] = values[k];
                c_all[state * M + m] = c[r];
                h_all[state * M + m] = before[r];
                next[(r * Q + m / PART) * (PART + 4) + m % PART] = before[r];
                if (y && (SEQUENCES || t == steps - 1)) y[(n0 + r) * y_sample + SEQUENCES * t * y_step + m] = before[r];
            }
        }
        __syncthreads();
    }
}
