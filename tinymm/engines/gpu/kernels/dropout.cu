// Dropout, forward and backward alike: the mask is hashed anew from (seed, place), so it takes no memory.
//
//   y[i] = x[i] · keep[i] / (1 − r)        keep[i] = [random_bits(seed, i) ≥ r · 2⁶⁴], as on the CPU
//
// Launch  ⌈size/256⌉ blocks of 256 threads, a number each.
// Moves   x once, y once. The seed lies on the GPU, so that a captured step draws anew each time.

extern "C" __global__ void __launch_bounds__(256) dropout(
    const T* x, whole x_sample, T* y, whole y_sample, const unsigned long long* seed, unsigned long long limit, double kept,
    whole samples, whole size)
{
    const whole i = (whole)blockIdx.x * 256 + threadIdx.x;
    if (i >= samples * size) return;
    const T value = x[i / size * x_sample + i % size];
    y[i / size * y_sample + i % size] = random_bits(*seed, i) >= limit ? value / T(kept) : value * T(0);
}
