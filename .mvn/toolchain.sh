# Sourced by ./dev and ./trainyard: finds a JDK >= 25 and Maven >= 3.8.7, and says how to get what is missing.
JDK_NEEDED=25
MAVEN_NEEDED=3.8.7

jdk_version() { # JDK folder -> feature version, from its release file, without starting it
  [ -x "$1/bin/javac" ] && sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null
}

find_jdk() {
  for candidate in "${JAVA_HOME:-}" "${JDK25_HOME:-}" /usr/lib/jvm/* /opt/java/* "$HOME"/.sdkman/candidates/java/* \
    "$HOME"/.jdks/* "$HOME"/.local/share/mise/installs/java/* /Library/Java/JavaVirtualMachines/*/Contents/Home \
    /opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home; do
    version=$(jdk_version "$candidate") || continue
    [ -n "$version" ] && [ "$version" -ge "$JDK_NEEDED" ] && { JAVA_HOME=$candidate; export JAVA_HOME; return 0; }
  done
  {
    echo "No JDK $JDK_NEEDED or newer was found (looked at JAVA_HOME, JDK25_HOME, /usr/lib/jvm, sdkman, ~/.jdks, mise)."
    echo "Install one:  apt-get install temurin-25-jdk   |   sdk install java 25-tem   |   brew install openjdk@25"
    echo "or name it:   JDK25_HOME=/path/to/jdk $0"
  } >&2
  return 1
}

need_maven() {
  command -v mvn >/dev/null || {
    echo "Maven is missing. Install it:  apt-get install maven   |   sdk install maven   |   brew install maven" >&2
    return 1
  }
  found=$(mvn -v 2>/dev/null | sed -n 's/^[^A]*Apache Maven \([0-9.]*\).*/\1/p')
  [ "$(printf '%s\n%s\n' "$MAVEN_NEEDED" "$found" | sort -V | head -n 1)" = "$MAVEN_NEEDED" ] || {
    echo "Maven $found is too old, $MAVEN_NEEDED or newer is needed. Install it:  sdk install maven" >&2
    return 1
  }
}
