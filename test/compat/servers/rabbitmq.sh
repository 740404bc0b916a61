#!/bin/sh
# RabbitMQ with its management API: a node and a port mapper of its own, on the loopback only. Usage: rabbitmq.sh SERVER FOLDER PORT
set -eu
folder=$(mktemp -d "$2/rabbitmq-XXXXXX")
printf 'listeners.tcp = none\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = %s\n' "$3" >"$folder/rabbitmq.conf"
echo '[rabbitmq_management].' >"$folder/enabled_plugins"
export HOME="$folder" ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT=$(($3 + 1))
export RABBITMQ_NODENAME=compat@localhost RABBITMQ_DIST_PORT=$(($3 + 2)) RABBITMQ_MNESIA_BASE="$folder"
export RABBITMQ_CONFIG_FILE="$folder/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$folder/enabled_plugins"
export RABBITMQ_LOGS="$folder/log" RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
"$1" &
server=$!
# The node has started the port mapper as a daemon.
trap 'kill "$server"; wait "$server" || true; epmd -kill; rm -rf "$folder"; exit 0' TERM
wait "$server"
