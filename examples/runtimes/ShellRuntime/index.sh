# What is printed to stdout is the result, and an exit status other than 0 a failure; stderr goes to the log.
main_handler() {
  echo "$(printf %s "$1" | wc -c) bytes came" >&2
  echo "$1"
}
