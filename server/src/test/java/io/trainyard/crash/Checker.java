package io.trainyard.crash;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import tools.jackson.databind.JsonNode;

/** Holds what the clients were told, what the store says and what really ran against each other. */
final class Checker {
    private static final Set<String> TERMINAL = Set.of("succeeded", "failed", "cancelled");

    private final Clients clients;
    private final Path home;
    private final ChildLedger children;
    private final SimulatedLedger simulated;
    private final List<String> violations;
    private final Map<String, JsonNode> jobs = new HashMap<>();
    int attempts;

    Checker(Clients clients, Path home, ChildLedger children) throws IOException {
        this.clients = clients;
        this.home = home;
        this.children = children;
        this.simulated = SimulatedLedger.read(home.resolve("simulated.ledger"));
        this.violations = new ArrayList<>(clients.surprises);
    }

    /** @return a sentence for each thing that must not be */
    List<String> check(List<Ask> asked) throws Exception {
        violations.addAll(children.violations());
        violations.addAll(simulated.violations());
        readAllJobs();
        var ids = new HashSet<String>();
        for (Ask ask : asked) {
            var told = clients.acknowledged.get(ask);
            if (told == null) wrong(ask.name() + " was never acknowledged");
            else if (!ids.add(told.id())) wrong(told.id() + " was given to two requests");
            else job(ask, told);
        }
        for (JsonNode job : jobs.values())
            if (!ids.contains(text(job, "id")))
                wrong("nobody was told of " + text(job, "id") + " " + text(job, "name"));
        children.children.keySet().stream()
                .filter(child -> !ids.contains(child.job()))
                .forEach(child -> wrong(child + " ran for nobody"));
        survivors(ids);
        leftovers();
        return violations;
    }

    private void readAllJobs() throws Exception {
        String cursor = "";
        do {
            JsonNode page = clients.get("/api/v1/jobs?limit=500" + cursor).body();
            for (JsonNode job : page.path("jobs")) jobs.put(text(job, "id"), job);
            cursor = page.path("next_cursor").isNull() ? "" : "&cursor=" + text(page, "next_cursor");
        } while (!cursor.isEmpty());
    }

    private void job(Ask ask, Clients.Acknowledged told) throws Exception {
        String who = told.id() + " (" + ask.kind() + " " + ask.name() + ")";
        boolean deleted = told.deeds().containsKey("delete");
        var answer = clients.get("/api/v1/jobs/" + told.id());
        if (deleted) {
            if (answer.status() != 404) wrong(who + " was deleted and is " + text(answer.body(), "state"));
            return;
        }
        if (answer.status() != 200 || !jobs.containsKey(told.id())) {
            wrong(who + " was acknowledged and is lost: " + answer);
            return;
        }
        JsonNode job = answer.body();
        if (!text(job, "name").equals(ask.name())) wrong(who + " is now named " + text(job, "name"));
        events(who, job);
        attempts(who, job);
        outcome(who, ask, told, job);
        if (ask.kind().local()) logs(who, ask, job);
    }

    private void events(String who, JsonNode job) throws Exception {
        JsonNode events = clients.get("/api/v1/jobs/" + text(job, "id") + "/events")
                .body()
                .path("events");
        int number = 0;
        int ends = 0;
        String last = "";
        for (JsonNode event : events) {
            if (event.path("sequence").asInt(0) != ++number) wrong(who + ": events are not numbered: " + events);
            last = text(event, "kind");
            if (TERMINAL.contains(last)) ends++;
        }
        if (ends != 1 || !last.equals(text(job, "state")))
            wrong(who + " is " + text(job, "state") + " after " + ends + " ends, the last event is " + last);
    }

    /** In the store's own record: numbered from 1, closed, one after the other. */
    private void attempts(String who, JsonNode job) {
        int number = 0;
        Instant free = Instant.MIN;
        for (JsonNode attempt : job.path("attempts")) {
            attempts++;
            if (attempt.path("number").asInt(0) != ++number) wrong(who + ": attempts are not numbered");
            Instant from = Instant.parse(text(attempt, "created_at"));
            if (from.isBefore(free)) wrong(who + ": attempt " + number + " began before the one before it ended");
            if (attempt.path("ended_at").isNull()) wrong(who + ": attempt " + number + " has no end");
            else free = Instant.parse(text(attempt, "ended_at"));
        }
        String id = text(job, "id");
        if (!children.of(id, number + 1).isEmpty() || simulated.knows(id, number + 1))
            wrong(who + ": attempt " + (number + 1) + " ran and is not recorded");
    }

    private void outcome(String who, Ask ask, Clients.Acknowledged told, JsonNode job) {
        String state = text(job, "state");
        JsonNode cancel = told.deeds().get("cancel");
        boolean cancelled = cancel != null && text(cancel, "wish").equals("cancel");
        boolean mayBeCancelled =
                ask.deeds().stream().anyMatch(deed -> deed.verb().equals("cancel"));
        String wanted = switch (ask.kind()) {
            case LOCAL_SUCCEEDS, LOCAL_RETRIES, LOCAL_PAUSED -> "succeeded";
            case SIMULATED_SUCCEEDS, SIMULATED_WAITS, SIMULATED_HIDES, SIMULATED_RETRIES -> "succeeded";
            case LOCAL_FAILS, SIMULATED_FAILS -> "failed";
            case LOCAL_CANCELLED, SIMULATED_CANCELLED -> "cancelled";
            case LOCAL_RACED, SIMULATED_RACED ->
                cancelled || (mayBeCancelled && state.equals("cancelled")) ? "cancelled" : "succeeded";
            case LOCAL_DELETED, SIMULATED_DELETED -> "gone";
        };
        int last = job.path("attempts").size();
        if (!state.equals(wanted))
            wrong(who + " is " + state + " and not " + wanted + ": " + text(job, "detail") + ", told " + told);
        if (state.equals("failed") && !text(job, "cause").equals("exit_code"))
            wrong(who + " failed because of " + text(job, "cause") + ": " + text(job, "detail"));
        if (ask.kind().retries() && last != 2) wrong(who + " had " + last + " attempts");
        if (ask.kind().local() && !state.equals("cancelled")) ended(who, text(job, "id"), last, state);
        if (!ask.kind().local() && !state.equals("cancelled") && !simulated.knows(text(job, "id"), last))
            wrong(who + " is " + state + " and was never launched");
    }

    private void ended(String who, String id, int last, String state) {
        var end = children.of(id, last).stream()
                .filter(e -> e.word().equals("end"))
                .findFirst();
        boolean fits = end.isPresent() && (end.get().code().orElse(-1) == 0) == state.equals("succeeded");
        if (!fits) wrong(who + " is " + state + ", but its child says " + end);
    }

    private void logs(String who, Ask ask, JsonNode job) throws Exception {
        JsonNode lines = clients.get("/api/v1/jobs/" + text(job, "id") + "/logs?limit=10000")
                .body()
                .path("lines");
        var byAttempt = new HashMap<Integer, List<String>>();
        int number = 0;
        for (JsonNode line : lines) {
            if (line.path("number").asInt(0) != ++number) wrong(who + ": lines are not numbered at " + number);
            if (text(line, "stream").equals("stdout"))
                byAttempt
                        .computeIfAbsent(line.path("attempt").asInt(0), _ -> new ArrayList<>())
                        .add(text(line, "text"));
            // What the shell that watches a child says of one that was stopped.
            else if (!Set.of("Terminated", "Killed").contains(text(line, "text")))
                wrong(who + " complained: " + text(line, "text"));
        }
        for (int attempt = 1; attempt <= job.path("attempts").size(); attempt++)
            lines(
                    who + " attempt " + attempt,
                    ask,
                    children.of(text(job, "id"), attempt),
                    byAttempt.getOrDefault(attempt, List.of()));
    }

    /** All lines of a child that came to its end; of another one all up to its last tick, and nothing but its own. */
    private void lines(String who, Ask ask, List<ChildLedger.Entry> entries, List<String> lines) {
        if (entries.isEmpty()) {
            if (!lines.isEmpty()) wrong(who + " printed and never ran: " + lines);
            return;
        }
        long pid = entries.getFirst().pid();
        boolean whole = entries.stream().anyMatch(entry -> entry.word().equals("end"));
        long ticks =
                entries.stream().filter(entry -> entry.word().equals("tick")).count();
        var wanted = new ArrayList<String>();
        for (int i = 1; i <= Math.min(ask.ticks(), ticks + 1) * Ask.LINES_A_TICK; i++)
            wanted.add("line " + i + " " + pid);
        if (whole) wanted.add("last " + pid);
        long sure = whole ? wanted.size() : ticks * Ask.LINES_A_TICK - 1;
        boolean fits = lines.size() >= sure && lines.size() <= wanted.size() + 1;
        for (int i = 0; i < Math.min(lines.size(), wanted.size()); i++) {
            boolean cut = !whole && i == lines.size() - 1 && wanted.get(i).startsWith(lines.get(i));
            fits &= cut || lines.get(i).equals(wanted.get(i));
        }
        if (!fits) wrong(who + " printed " + wanted.size() + " lines, kept are " + lines);
    }

    /** Nothing that was ever started for a job is still there. */
    private void survivors(Set<String> ids) throws IOException {
        try (var processes = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path process : processes) {
                String environment = read(process.resolve("environ"));
                int at = environment.indexOf("TRAINYARD_JOB_ID=");
                if (at < 0) continue;
                String job = environment.substring(at).split("[=\0]", 3)[1];
                if (ids.contains(job)) wrong(job + " left process " + process.getFileName() + " behind");
            }
        }
    }

    /** Raw output holds unmasked bytes, and the token file a secret: both go when the attempt's end is recorded. */
    private void leftovers() throws IOException {
        if (!Files.exists(home.resolve("jobs"))) return;
        var left = new ConcurrentLinkedQueue<Path>();
        try (var files = Files.walk(home.resolve("jobs"), 3)) {
            files.filter(file -> file.getFileName().toString().matches("stdout|stderr|token|\\..*"))
                    .forEach(left::add);
        }
        if (!left.isEmpty())
            wrong(left.size() + " files of unmasked output and tokens were left, among them " + left.peek());
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
        } catch (IOException goneOrForeign) {
            return "";
        }
    }

    private void wrong(String sentence) {
        violations.add(sentence);
    }

    private static String text(JsonNode node, String field) {
        return node.path(field).asString("");
    }
}
