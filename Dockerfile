# Xenia as a container: `xenia serve` under an unprivileged account.
# Settings come from the environment, or from a mounted file that XENIA_CONFIG names; the state lives in /var/lib/xenia.
# The operator's tools find the installation too: docker exec CONTAINER xenia check --production
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements/run.txt requirements/
RUN python -m venv /opt/xenia \
 && /opt/xenia/bin/pip install --no-cache-dir --require-hashes --requirement requirements/run.txt
COPY LICENSE README.md pyproject.toml ./
COPY src src
RUN /opt/xenia/bin/pip install --no-cache-dir --no-deps --no-build-isolation --no-index .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/xenia --create-home --shell /usr/sbin/nologin xenia
COPY --from=build /opt/xenia /opt/xenia
ENV PATH=/opt/xenia/bin:$PATH PYTHONUNBUFFERED=1 \
    XENIA_DATA=/var/lib/xenia XENIA_HOST=0.0.0.0 XENIA_PORT=8443
USER xenia
WORKDIR /var/lib/xenia
VOLUME /var/lib/xenia
EXPOSE 8443
# On SIGTERM the server finishes the requests it is answering and the mails it has in hand.
STOPSIGNAL SIGTERM
ENTRYPOINT ["xenia"]
CMD ["serve"]
