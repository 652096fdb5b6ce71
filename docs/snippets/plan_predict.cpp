// The network's output for a ready input, with TensorRT alone: plan_predict MODEL.plan INPUT.f32 OUTPUT.f32
// For what `export: [{using: tensorrt}]` left: the .plan, not the .engine, which begins with Ultralytics' header.
//   g++ -std=c++17 plan_predict.cpp -lnvinfer -lcudart
// INPUT.f32: the picture as float32, (1, 3, height, width), red, green, blue in 0 … 1. OUTPUT.f32: (1, 4 + classes,
// candidates), to be read as onnx_predict.cpp does.
#include <NvInfer.h>
#include <cuda_runtime_api.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

struct Log : nvinfer1::ILogger {
    void log(Severity severity, const char* message) noexcept override {
        if (severity <= Severity::kWARNING) std::fprintf(stderr, "%s\n", message);
    }
};

std::vector<char> content(const char* place) {
    std::ifstream file(place, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

size_t bytes(const nvinfer1::Dims& shape) {
    size_t count = sizeof(float);
    for (int at = 0; at < shape.nbDims; ++at) count *= shape.d[at];
    return count;
}

int main(int, char** argv) {
    Log log;
    std::vector<char> plan = content(argv[1]), given = content(argv[2]);
    std::unique_ptr<nvinfer1::IRuntime> runtime(nvinfer1::createInferRuntime(log));
    std::unique_ptr<nvinfer1::ICudaEngine> engine(runtime->deserializeCudaEngine(plan.data(), plan.size()));
    if (!engine) return 1;  // of another GPU or version of TensorRT; the log says which
    std::unique_ptr<nvinfer1::IExecutionContext> context(engine->createExecutionContext());
    const char *input = engine->getIOTensorName(0), *output = engine->getIOTensorName(1);
    std::vector<char> told(bytes(engine->getTensorShape(output)));
    void *from, *to;
    cudaMalloc(&from, given.size());
    cudaMalloc(&to, told.size());
    cudaMemcpy(from, given.data(), given.size(), cudaMemcpyHostToDevice);
    context->setTensorAddress(input, from);
    context->setTensorAddress(output, to);
    bool done = context->enqueueV3(nullptr) && cudaDeviceSynchronize() == cudaSuccess;
    cudaMemcpy(told.data(), to, told.size(), cudaMemcpyDeviceToHost);
    std::ofstream(argv[3], std::ios::binary).write(told.data(), told.size());
    return done ? 0 : 1;
}
