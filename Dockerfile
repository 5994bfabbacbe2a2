# bladewatch, built and run on Debian 12.  Any image of it will do as BASE;
# tools/cluster makes one where no registry can be reached.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY tools/deps tools/deps
RUN tools/deps build
COPY . .
RUN tools/build && chmod -R a+rX rules

FROM ${BASE}
COPY tools/deps /tmp/deps
RUN /tmp/deps run && rm -rf /tmp/deps /var/lib/apt/lists/*
RUN useradd --system --uid 7433 --home-dir /var/lib/bladewatch \
        --create-home bladewatch
COPY --from=build /src/build/bladewatch /usr/local/bin/bladewatch
COPY --from=build /src/rules /usr/share/bladewatch/rules
COPY --from=build /src/LICENSE /usr/share/doc/bladewatch/LICENSE

# The founding rules are there to be named by --rules.  Nothing here needs
# root.  The engine's socket does need its group: give it
# with --group-add, as docker-compose.yml does.
USER bladewatch
WORKDIR /var/lib/bladewatch
VOLUME /var/lib/bladewatch
EXPOSE 7433
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 \
    CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:7433/-/healthy"]
ENTRYPOINT ["bladewatch"]
CMD ["run", "--data", "/var/lib/bladewatch", "--listen", "127.0.0.1:7433"]
