// As much of CUDA's runtime interface as docs/snippets/plan_predict.cpp uses; see NvInfer.h.
#pragma once
#include <cstddef>

enum cudaError_t { cudaSuccess = 0 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };

template <class T>
cudaError_t cudaMalloc(T** place, std::size_t size);
cudaError_t cudaMemcpy(void* to, const void* from, std::size_t count, cudaMemcpyKind kind);
cudaError_t cudaDeviceSynchronize();
