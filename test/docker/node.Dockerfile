# Node as the official image has it, with what npm needs to install animate-bot without a network. .ci/docker-image builds it.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
COPY npm-cache /root/.npm
COPY npmrc /root/.npmrc
