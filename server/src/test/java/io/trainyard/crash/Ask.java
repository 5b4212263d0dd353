package io.trainyard.crash;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a client wants: one job, and what it does with it afterwards.
 *
 * @param ticks how long its child lives, in {@link #TICK}s, for a local one
 */
record Ask(int number, Kind kind, int ticks, List<Deed> deeds) {
    static final String TICK = "0.4";
    static final int LINES_A_TICK = 5;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /**
     * Writes to the ledger that it starts, each tick and how it ends, and prints numbered lines with its own process
     * id; a line in two halves over each pause, and the last line without an end.
     */
    private static final String CHILD = """
            me="$TRAINYARD_JOB_ID $TRAINYARD_ATTEMPT $$" code=$3
            echo "start $me" >>"$1"
            [ "$code" != retry ] || { code=0; [ "$TRAINYARD_ATTEMPT" -gt 1 ] || code=4; }
            line=0 tick=0
            while [ $tick -lt $2 ]; do
              echo "line $((line + 1)) $$"; echo "line $((line + 2)) $$"; echo "line $((line + 3)) $$"
              echo "line $((line + 4)) $$"; printf 'line %d' $((line + 5))
              echo "tick $me" >>"$1"
              sleep TICK
              printf ' %d\\n' $$
              line=$((line + 5)) tick=$((tick + 1))
            done
            printf 'last %d' $$
            echo "end $me $code" >>"$1"
            exit $code
            """.replace("TICK", TICK);

    enum Kind {
        LOCAL_SUCCEEDS("0"),
        LOCAL_FAILS("3"),
        LOCAL_RETRIES("retry"),
        LOCAL_PAUSED("0"),
        LOCAL_CANCELLED("0"),
        LOCAL_RACED("0"),
        LOCAL_DELETED("0"),
        SIMULATED_SUCCEEDS("run 300ms, succeed"),
        SIMULATED_WAITS("wait 400ms, run 800ms, succeed"),
        SIMULATED_HIDES("run 200ms, unreachable 700ms, run 100ms, succeed"),
        SIMULATED_FAILS("run 100ms, fail"),
        SIMULATED_RETRIES("run 200ms, fail node_lost | run 200ms, succeed"),
        SIMULATED_CANCELLED("stall"),
        SIMULATED_RACED("run 150ms, succeed"),
        SIMULATED_DELETED("wait 100ms, stall");

        /** A local child's exit code, or the script of a simulated run. */
        final String fate;

        Kind(String fate) {
            this.fate = fate;
        }

        boolean local() {
            return name().startsWith("LOCAL");
        }

        boolean retries() {
            return this == LOCAL_RETRIES || this == SIMULATED_RETRIES;
        }
    }

    /** A request about the job, so long after the one before was answered. */
    record Deed(String verb, int afterMillis) {}

    Ask {
        deeds = List.copyOf(deeds);
    }

    /** @param retries whether such as wait ten seconds for their second attempt may be among them */
    static Ask random(int number, boolean local, boolean retries, RandomGenerator random) {
        var kinds = new ArrayList<Kind>();
        for (Kind kind : Kind.values()) if (kind.local() == local && (retries || !kind.retries())) kinds.add(kind);
        // Half of them are the plain case: the ones that live on over kills.
        Kind plain = local ? Kind.LOCAL_SUCCEEDS : Kind.SIMULATED_SUCCEEDS;
        Kind kind = random.nextBoolean() ? plain : kinds.get(random.nextInt(kinds.size()));
        int after = random.nextInt(600);
        return switch (kind) {
            case LOCAL_SUCCEEDS -> new Ask(number, kind, random.nextInt(2, 9), List.of());
            case LOCAL_FAILS, LOCAL_RETRIES -> new Ask(number, kind, random.nextInt(1, 4), List.of());
            case LOCAL_PAUSED ->
                new Ask(number, kind, 4, List.of(new Deed("pause", after), new Deed("resume", random.nextInt(600))));
            case LOCAL_CANCELLED, SIMULATED_CANCELLED ->
                new Ask(number, kind, 1000, List.of(new Deed("cancel", 3 * after)));
            case LOCAL_RACED, SIMULATED_RACED -> new Ask(number, kind, 1, List.of(new Deed("cancel", after)));
            case LOCAL_DELETED, SIMULATED_DELETED -> new Ask(number, kind, 1000, List.of(new Deed("delete", after)));
            case SIMULATED_SUCCEEDS, SIMULATED_WAITS, SIMULATED_HIDES, SIMULATED_FAILS, SIMULATED_RETRIES ->
                new Ask(number, kind, 0, List.of());
        };
    }

    String name() {
        return "ask-" + number;
    }

    String key() {
        return "key-" + number;
    }

    String body(String ledger) {
        Map<String, Object> body = Map.of("name", name(), "framework", "custom", "resources", Map.of("memory_gib", 1));
        var whole = new java.util.TreeMap<>(body);
        whole.put("placement", Map.of("backends", List.of(kind.local() ? "local" : "simulated")));
        if (kind.local()) {
            var command = List.of("/bin/sh", "-c", CHILD, "child", ledger, Integer.toString(ticks), kind.fate);
            whole.put("container", Map.of("command", command));
            if (kind == Kind.LOCAL_RETRIES) whole.put("policy", Map.of("user_retries", 1));
        } else {
            whole.put("container", Map.of("command", List.of("true")));
            whole.put("annotations", Map.of("trainyard.simulated/script", kind.fate));
        }
        return JSON.writeValueAsString(whole);
    }
}
