// What stands before every kernel. T is the type of the numbers, float or double.

typedef long long whole;
struct __align__(16) Four { T v[4]; };  // four numbers that are read and written together

__device__ inline T sigmoid(T x) { return T(0.5) * (T(1) + tanh(T(0.5) * x)); }
__device__ inline bool is_finite(T x) { return x - x == T(0); }

// Activations and their slopes, the slope from y = f(z) alone.
#define IDENTITY 0
#define RELU 1
#define SIGMOID 2
#define TANH 3

template <int KIND> __device__ inline T activate(T z)
{
    if (KIND == RELU) return z > T(0) ? z : (z != z ? z : T(0));
    if (KIND == SIGMOID) return sigmoid(z);
    if (KIND == TANH) return tanh(z);
    return z;
}

template <int KIND> __device__ inline T slope(T y)
{
    if (KIND == RELU) return y > T(0) ? T(1) : T(0);
    if (KIND == SIGMOID) return y * (T(1) - y);
    if (KIND == TANH) return T(1) - y * y;
    return T(1);
}

// SplitMix64 of (seed, place): the number that tinymm.backend.random_bits has at this place.
__device__ inline unsigned long long random_bits(unsigned long long seed, unsigned long long place)
{
    unsigned long long z = (place + 1) * 0x9E3779B97F4A7C15ull + seed;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

// The sum of the block's values, the same in every thread. The order is fixed, so the same bits come out every time.
template <int THREADS, class S> __device__ inline S block_sum(S value, S* room)
{
    room[threadIdx.x] = value;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) room[threadIdx.x] += room[threadIdx.x + half];
        __syncthreads();
    }
    S total = room[0];
    __syncthreads();
    return total;
}
