#!/usr/bin/env bash
# Starts the simulator and the server with the demo campaign, says where to look, and stops both on Ctrl-C.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${LINGBAO_BIN:?run this by: make run}
export LINGBAO__WECHAT__API_URL=http://127.0.0.1:3100 LINGBAO__WECHAT__OPEN_URL=http://127.0.0.1:3100
export LINGBAO__WECHAT__MP_URL=http://127.0.0.1:3100 LINGBAO__WECHAT__JS_URL=http://127.0.0.1:3100
export LINGBAO__WECHAT__PAY_URL=https://127.0.0.1:3101 LINGBAO__WECHAT__PAY_CA_FILE=data/simulator/ca.pem
export LINGBAO__DEV__CLOCK_URL=http://127.0.0.1:3100/_sim/clock
# The demo is itself whatever settings lie around.
export LINGBAO__SERVER__LISTEN=127.0.0.1:3000 LINGBAO__SERVER__PUBLIC_URL=http://127.0.0.1:3000
export LINGBAO__SERVER__METRICS_LISTEN=127.0.0.1:3009 LINGBAO__DATABASE__URL=sqlite://data/lingbao.db
export RUST_LOG=${RUST_LOG:-warn}

open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
for port in 3000 3009 3100 3101; do
  if open "$port"; then
    echo "make run: port $port is in use; stop what listens there (another 'make run'?) and try again" >&2
    exit 1
  fi
done

mkdir -p data
"$bin/wechat-simulator" >data/simulator.log 2>&1 &
simulator=$!
server=
stop() {
  trap - EXIT INT TERM
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  kill "$simulator" 2>/dev/null || true
  wait "$simulator" 2>/dev/null || true
  echo
  [ -z "$server" ] || echo "stopped; everything is kept in ./data and goes on with the next 'make run'"
}
trap stop EXIT
trap 'exit 0' INT TERM

# Waits until a port answers, for as long as the process lives.
await() {
  local tries=0
  until open "$1"; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || { echo "make run: $3 did not answer within a minute; see $4" >&2; exit 1; }
    kill -0 "$2" 2>/dev/null || { echo "make run: $3 did not start:" >&2; tail -n 5 "$4" >&2; exit 1; }
    read -r -t 0.1 <> <(:) || true
  done
}
await 3101 "$simulator" "the simulator" data/simulator.log
"$bin/lingbao" --config /dev/null import simulator/demo.toml
"$bin/lingbao" --config /dev/null serve >data/lingbao.log 2>&1 &
server=$!
await 3000 "$server" "the server" data/lingbao.log

cat <<TEXT

  领包 Lingbao is running.

    手机 Phones        http://127.0.0.1:3100/phone      follow an account, claim a packet
    后台 Dashboard     http://127.0.0.1:3000/admin      sign in: admin / lingbao-demo-2026
    活动 Hub page      http://127.0.0.1:3000/p/demo
    命令 Commands      $bin/lingbao --help
    数据 Data, logs    ./data

  Ctrl-C stops it; the next 'make run' goes on where it was.

TEXT
wait -n "$simulator" "$server" || true
echo "make run: a process ended by itself; its last words:" >&2
tail -n 5 data/lingbao.log data/simulator.log >&2
exit 1
