# One image for every role: `posthouse serve`, `posthouse migrate` and the other commands.
#
#   docker build -t posthouse .
#   docker run -v posthouse:/data -p 8080:8080 -e POSTHOUSE_DOMAIN=… -e POSTHOUSE_API_KEY=… posthouse
#
# What is installed is pinned with hashes (requirements/run.txt, deploy/requirements/build.txt). The base is not pinned
# here, so that a build takes Debian's corrections; for the same image each time name it by digest:
#   --build-arg DEBIAN=debian@sha256:…
# docs/deploy/docker.md says how it is run, and what of this was tried.
ARG DEBIAN=debian:trixie-slim

FROM ${DEBIAN} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore PYTHONDONTWRITEBYTECODE=1
# Debian's own versions: they are replaced by corrected ones, so a pinned one would soon not be found.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY deploy/requirements/build.txt requirements/run.txt ./
# The environment that is shipped holds no pip: nothing is installed into it later.
RUN python3 -m venv tools \
 && tools/bin/pip install --only-binary :all: --require-hashes -r build.txt \
 && python3 -m venv --without-pip /opt/posthouse \
 && tools/bin/pip --python /opt/posthouse/bin/python install --no-compile --only-binary :all: --require-hashes -r run.txt
COPY LICENSE NOTICE README.md pyproject.toml ./
COPY src src
# Compiled here, as the root file system is read-only later; by hash, so that the time of the build leaves no trace.
RUN tools/bin/hatchling build -t wheel -d dist \
 && tools/bin/pip --python /opt/posthouse/bin/python install --no-compile --no-deps --no-index dist/*.whl \
 && /opt/posthouse/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/posthouse/lib

FROM ${DEBIAN}
ARG VERSION=""
ARG REVISION=""
LABEL org.opencontainers.image.title="Posthouse" \
      org.opencontainers.image.description="One API in front of every email provider" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="The Posthouse authors" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old /var/cache/ldconfig/aux-cache /var/log/apt /var/log/*.log \
 && groupadd --gid 10001 posthouse \
 && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home --home-dir /data --shell /usr/sbin/nologin posthouse \
 && install -d -o 10001 -g 10001 -m 0750 /data
COPY --from=build /opt/posthouse /opt/posthouse
ENV PATH=/opt/posthouse/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# By number, so that Kubernetes can tell that it is not root.
USER 10001:10001
# The store, and the configuration where it is not mounted elsewhere (POSTHOUSE_CONFIG).
WORKDIR /data
VOLUME ["/data"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["/opt/posthouse/bin/python", "-I", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8080, timeout=2); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["posthouse"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
