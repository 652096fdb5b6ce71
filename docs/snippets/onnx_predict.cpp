// Objects on a picture, with OpenVINO alone: onnx_predict MODEL.onnx PICTURE.ppm SCORE CLASSES
// For what `export: [{using: onnx}]` left of a detection model. The picture has the sides of the network already:
//   magick a.jpg -resize 640x640 -background '#727272' -gravity center -extent 640x640 a.ppm
// One line an object: class id, score, left, top, right, bottom in pixels of that picture.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <openvino/openvino.hpp>
#include <string>
#include <vector>

struct Object { int label; float score, left, top, right, bottom; };

float overlap(const Object& a, const Object& b) {
    float width = std::min(a.right, b.right) - std::max(a.left, b.left);
    float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
    float both = std::max(width, 0.f) * std::max(height, 0.f);
    auto area = [](const Object& of) { return (of.right - of.left) * (of.bottom - of.top); };
    return both / (area(a) + area(b) - both);
}

int main(int, char** argv) {
    std::ifstream file(argv[2], std::ios::binary);
    std::string kind;
    size_t width, height, most;
    file >> kind >> width >> height >> most;  // P6, and 255
    std::vector<unsigned char> pixels(3 * width * height);
    file.ignore(1).read(reinterpret_cast<char*>(pixels.data()), pixels.size());

    ov::Tensor input(ov::element::f32, {1, 3, height, width});  // red, green, blue in 0 … 1, a plane each
    for (size_t at = 0; at < pixels.size(); ++at)
        input.data<float>()[at % 3 * width * height + at / 3] = pixels[at] / 255.f;
    ov::AnyMap exact{{"INFERENCE_PRECISION_HINT", "f32"}};
    ov::InferRequest request = ov::Core().compile_model(argv[1], "CPU", exact).create_infer_request();
    request.set_input_tensor(input);
    request.infer();
    ov::Tensor output = request.get_output_tensor(0);  // (1, 4 + classes, candidates): centre x, y, width, height, scores
    const float* values = output.data<float>();
    size_t count = output.get_shape()[2], classes = std::stoul(argv[4]);

    std::vector<Object> found, kept;
    for (size_t at = 0; at < count; ++at)
        for (size_t label = 0; label < classes; ++label)
            if (float score = values[(4 + label) * count + at]; score > std::stof(argv[3])) {
                float x = values[at], y = values[count + at], w = values[2 * count + at], h = values[3 * count + at];
                if (w > 0 && h > 0) found.push_back({int(label), score, x - w / 2, y - h / 2, x + w / 2, y + h / 2});
            }
    std::sort(found.begin(), found.end(), [](const Object& a, const Object& b) { return a.score > b.score; });
    for (const Object& one : found)
        if (std::none_of(kept.begin(), kept.end(),
                         [&](const Object& other) { return one.label == other.label && overlap(one, other) > 0.7f; }))
            kept.push_back(one);
    for (const Object& one : kept)
        std::printf("%d %.4f %.2f %.2f %.2f %.2f\n", one.label, one.score, one.left, one.top, one.right, one.bottom);
}
