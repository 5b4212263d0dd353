# Supervises one attempt: sh shim.sh FOLDER 'HOST BOOT' PROGRAM [ARGUMENT...], in its own session.
# Up to the program's start only builtins are used: every further process would cost a millisecond.
# Its names begin with trainyard_ so that they meet no variable of the job, which would be changed for the program.
# The traps keep the shim alive when a signal is sent to all; the program starts with the defaults.
trap : TERM INT HUP QUIT
trainyard_folder=$1 trainyard_where=$2
shift 2
read -r trainyard_stat </proc/self/stat
# Exclusive: of two shims, or a shim and a stop, one wins.
set -C
{ printf '%s\n%s\n' "$trainyard_where" "$trainyard_stat" >"$trainyard_folder/started"; } 2>/dev/null || exit 75
set +C
"$@"
trainyard_status=$?
# From here on exit.new says that the program has ended and that children of the shim are its own tools.
read -r trainyard_uptime trainyard_rest </proc/uptime
PATH=/usr/bin:/bin
printf '%s %s\n' "$trainyard_status" "$trainyard_uptime" >"$trainyard_folder/exit.new" && {
  sync "$trainyard_folder/exit.new" 2>/dev/null
  mv -f "$trainyard_folder/exit.new" "$trainyard_folder/exit"
}
