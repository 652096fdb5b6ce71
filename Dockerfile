# For any x86-64 machine, without CUDA; a run ends with ONNX and an engine of TensorRT for RTX:
#   docker build --target cpu -t detector .
#   docker run --ipc=host -v "$PWD":/work detector run
# For a machine with an NVIDIA GPU; trains on it, and ends with a TensorRT engine for it, too:
#   docker build --target gpu -t detector:gpu .
#   docker run --gpus all --ipc=host -v "$PWD":/work detector:gpu run
# To answer over HTTP what the champion sees, by ONNX Runtime and without PyTorch, on x86-64 or arm64:
#   docker build --target serve -t detector:serve .
#   docker run -p 127.0.0.1:8000:8000 -v "$PWD":/work:ro detector:serve
FROM python:3.11.14-slim-bookworm AS system

# What the wheels expect of the system: mongod (for FiftyOne) needs libcurl, which brings the rest. The font has Chinese,
# Japanese and Korean letters, for names of classes in pictures.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates fonts-wqy-microhei libcurl4 \
    && rm -rf /var/lib/apt/lists/*

# An ordinary user. With `docker run --user`, any other one can write its caches too, and has a name (Python asks USER
# for it, where there is no entry in /etc/passwd).
RUN useradd --no-create-home --home-dir /cache --uid 1000 detector \
    && mkdir /work && chown detector /work && mkdir --mode=1777 /cache
ENV HOME=/cache USER=detector MPLCONFIGDIR=/cache/matplotlib PYTHONUNBUFFERED=1

# Dependencies first: they change less often than the code does.
WORKDIR /opt/detector
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY deploy/slim.sh deploy/slim.sh
COPY detector/__init__.py detector/__init__.py
ENTRYPOINT ["detector"]
CMD ["--help"]

FROM system AS cpu

# PyTorch's own index has builds without CUDA, which count as the later ones: 4.6 GB less than PyPI's.
ARG PYTORCH=https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir --constraint constraints.txt --extra-index-url "$PYTORCH" . \
    && deploy/slim.sh /usr/local/lib/python3.11/*-packages
COPY detector detector
RUN pip install --no-cache-dir --no-deps --force-reinstall .
USER 1000
WORKDIR /work

FROM system AS gpu

# PyTorch brings CUDA along. TensorRT's libraries are on NVIDIA's index; its packages on PyPI only point there.
RUN pip install --no-cache-dir --constraint constraints.txt . \
    && pip install --no-cache-dir --constraint constraints.txt --extra-index-url https://pypi.nvidia.com '.[tensorrt]' \
    && deploy/slim.sh /usr/local/lib/python3.11/*-packages
COPY detector detector
RUN pip install --no-cache-dir --no-deps --force-reinstall .
USER 1000
WORKDIR /work

FROM python:3.11.14-slim-bookworm AS serve

WORKDIR /opt/detector
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY deploy/serve.txt deploy/slim.sh deploy/
RUN pip install --no-cache-dir --constraint constraints.txt --requirement deploy/serve.txt \
    && deploy/slim.sh /usr/local/lib/python3.11/*-packages
COPY detector detector
RUN pip install --no-cache-dir --no-deps .

RUN useradd --no-create-home --home-dir /cache --uid 1000 detector \
    && mkdir /work && chown detector /work && mkdir --mode=1777 /cache
ENV HOME=/cache USER=detector PYTHONUNBUFFERED=1
USER 1000
WORKDIR /work
EXPOSE 8000
ENTRYPOINT ["detector"]
CMD ["serve", "--host", "0.0.0.0", "--using", "onnx"]
