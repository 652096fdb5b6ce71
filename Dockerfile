# docker build -t detector .
# docker run --gpus all -v "$PWD":/work detector run pipeline.yaml
FROM python:3.11.14-slim-bookworm

# What the wheels expect of the system: mongod (for FiftyOne) needs libcurl, which brings the rest.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libcurl4 \
    && rm -rf /var/lib/apt/lists/*

# Dependencies first: they change less often than the code does.
WORKDIR /opt/detector
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY detector/__init__.py detector/__init__.py
RUN pip install --no-cache-dir --constraint constraints.txt .
COPY detector detector
RUN pip install --no-cache-dir --no-deps --force-reinstall .

# An ordinary user. With `docker run --user`, any other one can write its caches too, and has a name (Python asks USER
# for it, where there is no entry in /etc/passwd).
RUN useradd --no-create-home --home-dir /cache --uid 1000 detector \
    && mkdir /work && chown detector /work && mkdir --mode=1777 /cache
ENV HOME=/cache USER=detector MPLCONFIGDIR=/cache/matplotlib PYTHONUNBUFFERED=1
USER 1000
WORKDIR /work
ENTRYPOINT ["detector"]
CMD ["--help"]
