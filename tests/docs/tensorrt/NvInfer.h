// As much of TensorRT 10's C++ interface as docs/snippets/plan_predict.cpp uses, to check its syntax and types without
// the library. Source: NvInferRuntime.h and NvInferRuntimeBase.h in NVIDIA's documentation of the C++ API.
#pragma once
#include <cstddef>
#include <cstdint>

struct CUstream_st;
using cudaStream_t = CUstream_st*;

namespace nvinfer1 {
using AsciiChar = char;

struct Dims64 { int32_t nbDims; int64_t d[8]; };
using Dims = Dims64;

class ILogger {
public:
    enum class Severity : int32_t { kINTERNAL_ERROR = 0, kERROR = 1, kWARNING = 2, kINFO = 3, kVERBOSE = 4 };
    virtual void log(Severity severity, AsciiChar const* message) noexcept = 0;
    ILogger() = default;
    virtual ~ILogger() = default;
};

class IExecutionContext {
public:
    virtual ~IExecutionContext() noexcept = default;
    bool setTensorAddress(char const* tensorName, void* data) noexcept;
    bool enqueueV3(cudaStream_t stream) noexcept;
};

class ICudaEngine {
public:
    virtual ~ICudaEngine() noexcept = default;
    IExecutionContext* createExecutionContext() noexcept;
    char const* getIOTensorName(int32_t index) const noexcept;
    Dims getTensorShape(char const* tensorName) const noexcept;
};

class IRuntime {
public:
    virtual ~IRuntime() noexcept = default;
    ICudaEngine* deserializeCudaEngine(void const* blob, std::size_t size) noexcept;
};

IRuntime* createInferRuntime(ILogger& logger) noexcept;
}  // namespace nvinfer1
