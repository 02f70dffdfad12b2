# The worker image: Node, animate-bot and the render image in one, for machines that are containers themselves. Built from the
# repository's root, after the render image: docker build -f docker/worker.Dockerfile -t animate-bot-worker .
ARG NODE_IMAGE=node:24-bookworm-slim
ARG RENDER_IMAGE=animate-bot-render

FROM ${NODE_IMAGE} AS app
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-fund --no-audit --loglevel=error
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
# What builds is not needed to run.
RUN node scripts/build.mjs && rm -rf scripts src tsconfig*.json node_modules/typescript node_modules/esbuild node_modules/@esbuild

FROM ${RENDER_IMAGE}
COPY --from=app /usr/local/bin/node /usr/local/bin/node
COPY --from=app /app /app
COPY python/render_server /app/python/render_server
USER root
# What a bot marks clips with. The containers that render go without: they are of the render image.
COPY python/requirements-mark.txt /app/python/
RUN pip install --no-deps --require-hashes -r /app/python/requirements-mark.txt
RUN install -d -m 0700 -o render /data
USER render
ENV DATA_FOLDER=/data \
  ENGINE=fastvideo \
  NODE_ENV=production \
  PYTHON=/opt/venv/bin/python
# The model may take minutes to load.
HEALTHCHECK --interval=30s --timeout=10s --start-period=15m CMD ["node", "/app/dist/main.js", "probe"]
CMD ["node", "/app/dist/main.js", "worker"]
