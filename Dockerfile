# The one image of all our services: MLflow, Airflow and the sample marketplace run from it, each
# by its own command in docker-compose.yaml.
FROM python:3.12.12-slim-bookworm@sha256:593bd06efe90efa80dc4eee3948be7c0fde4134606dd40d8dd8dbcade98e669c AS packages

WORKDIR /build
COPY requirements.txt requirements-dev.txt ./
# uv is in the development lock, so its own hash is checked before it installs the rest.
RUN python -m venv /opt/venv \
    && sed -n '/^uv==/,/[^\\]$/p' requirements-dev.txt > uv.txt \
    && python -m pip install --no-cache-dir --require-hashes --requirement uv.txt \
    && VIRTUAL_ENV=/opt/venv uv pip sync --no-cache --require-hashes --compile-bytecode requirements.txt

COPY pyproject.toml README.md /opt/counterfeit/
COPY counterfeit_ml /opt/counterfeit/counterfeit_ml
RUN VIRTUAL_ENV=/opt/venv uv pip install --no-cache --no-deps --no-build-isolation --compile-bytecode \
    --editable /opt/counterfeit


FROM python:3.12.12-slim-bookworm@sha256:593bd06efe90efa80dc4eee3948be7c0fde4134606dd40d8dd8dbcade98e669c

# A named volume takes over the owner of the folder that it is first mounted on. SeaweedFS reads its
# certificate as the user of its own image.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp counterfeit \
    && install --directory --owner counterfeit --group counterfeit /var/lib/counterfeit \
        /var/lib/counterfeit/cache /var/lib/counterfeit/logs /var/lib/counterfeit/marketplace \
        /var/lib/counterfeit/scratch \
    && install --directory --owner 1000 --group 1000 --mode 0700 /var/lib/counterfeit/seaweedfs

COPY --from=packages /opt/venv /opt/venv
COPY --from=packages /opt/counterfeit /opt/counterfeit
COPY config /opt/counterfeit/config
COPY expectations /opt/counterfeit/expectations
COPY plugins /opt/counterfeit/plugins
COPY dags /opt/counterfeit/dags

# All may be written that programs write for themselves is below /tmp, for the rest is read-only.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    COUNTERFEIT_STATE_DIR=/var/lib/counterfeit
USER 10001:10001
WORKDIR /var/lib/counterfeit
CMD ["counterfeit", "--help"]
