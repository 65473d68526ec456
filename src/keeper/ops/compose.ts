/** A keeper with Prometheus and Grafana beside it, as a compose file. `port` is that of the status server. */
export function composeFile(port: number): string {
  return `# Runs a keeper with Prometheus and Grafana. Start it in the directory of keeper.yaml:
#   mkdir -p journal && docker compose -f ops/docker-compose.yml up -d
# Only Grafana and Prometheus are reached from this machine; the status server stays inside the network of the services.
services:
  keeper:
    image: node:24-bookworm-slim
    working_dir: /keeper
    # Without --live it tells what it would do, and sends nothing.
    command:
      [npx, --yes, plimsoll, keeper, run, --config, /keeper/keeper.yaml, --listen, "0.0.0.0:${port}"]
    # Variables that keeper.yaml names, such as RPC_A; the file stays out of version control.
    env_file: [{ path: ../.env, required: false }]
    environment: { npm_config_cache: /tmp/npm }
    # Who owns journal, keystores and files of secrets.
    user: "\${UID:-1000}:\${GID:-1000}"
    volumes:
      - ..:/keeper:ro
      - ../journal:/keeper/journal
    healthcheck:
      test: [CMD, node, -e, "fetch('http://127.0.0.1:${port}/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
      interval: 15s
      timeout: 5s
      retries: 4
      start_period: 120s
    # It ends what it has begun before it stops.
    stop_grace_period: 60s
    restart: unless-stopped
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]

  prometheus:
    image: prom/prometheus:v3.5.0
    volumes:
      - ./prometheus:/etc/prometheus:ro
      - prometheus:/prometheus
    ports: ["127.0.0.1:9090:9090"]
    restart: unless-stopped

  grafana:
    image: grafana/grafana:12.1.0
    volumes:
      - ./grafana/provisioning:/etc/grafana/provisioning:ro
      - ./grafana/keeper.json:/var/lib/grafana/dashboards/keeper.json:ro
      - grafana:/var/lib/grafana
    ports: ["127.0.0.1:3000:3000"]
    restart: unless-stopped

volumes:
  prometheus:
  grafana:
`
}
