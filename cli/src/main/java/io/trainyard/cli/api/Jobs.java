package io.trainyard.cli.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;

/** The jobs of a server: found by id, prefix, client id or filter. */
public final class Jobs {
    private static final String PATH = "/api/v1/jobs";
    private static final int FULL_ID_CHARACTERS = "job_".length() + 36;
    private static final int SEARCHED_PER_PAGE = 200;
    private static final int MOST_PAGES_SEARCHED = 50;
    private static final int MOST_CANDIDATES = 20;

    private final Api api;

    public Jobs(Api api) {
        this.api = api;
    }

    /** Some jobs and where the next ones begin. */
    public record Page(List<Job> jobs, Optional<String> next) {}

    /** Several jobs begin with the given prefix. */
    public static final class Ambiguous extends RuntimeException {
        private final List<Job> candidates;

        Ambiguous(String prefix, List<Job> candidates) {
            super("'" + prefix + "' could be several jobs. Give more of its id.");
            this.candidates = List.copyOf(candidates);
        }

        public List<Job> candidates() {
            return candidates;
        }
    }

    public static Query all() {
        return Query.path(PATH);
    }

    public static Query one(String id, String... further) {
        var segments = new String[further.length + 1];
        segments[0] = id;
        System.arraycopy(further, 0, segments, 1, further.length);
        return Query.path(PATH, segments);
    }

    /** @param prefix of an id, with or without {@code job_} */
    public Job find(String prefix) {
        try {
            return new Job(api.get(one(prefix)));
        } catch (Refused refused) {
            if (refused.status() != 409) throw refused;
            throw new Ambiguous(prefix, beginningWith(prefix));
        }
    }

    /** The whole id; asks the server only when it is not given. */
    public String fullId(String prefix) {
        boolean whole = prefix.startsWith("job_") && prefix.length() == FULL_ID_CHARACTERS;
        return whole ? prefix : find(prefix).id();
    }

    public Page page(Query query) {
        JsonNode answer = api.get(query);
        var jobs = new ArrayList<Job>();
        for (JsonNode job : answer.path("jobs")) jobs.add(new Job(job));
        String next = Json.text(answer, "next_cursor");
        return new Page(jobs, next.isEmpty() ? Optional.empty() : Optional.of(next));
    }

    /** The newest job that a client of the trainer contract calls by this id. */
    public Optional<Job> byClientId(String contract, String service, String clientId) {
        return search(
                        all().with("contract", contract),
                        job -> job.text("client_id").equals(clientId)
                                && job.text("service").equals(service),
                        1)
                .stream()
                .findFirst();
    }

    public List<JobEvent> events(String id) {
        var events = new ArrayList<JobEvent>();
        long last = 0;
        while (true) {
            int before = events.size();
            JsonNode page = api.get(one(id, "events").with("after", String.valueOf(last)));
            for (JsonNode event : page.path("events")) events.add(new JobEvent(event));
            if (events.size() == before) return events;
            last = events.getLast().sequence();
            if (events.getLast().terminal()) return events;
        }
    }

    private List<Job> beginningWith(String prefix) {
        String bare = prefix.startsWith("job_") ? prefix.substring(4) : prefix;
        return search(all(), job -> job.bareId().startsWith(bare), MOST_CANDIDATES);
    }

    private List<Job> search(Query query, Predicate<Job> wanted, int enough) {
        var found = new ArrayList<Job>();
        Optional<String> cursor = Optional.empty();
        for (int pages = 0; pages < MOST_PAGES_SEARCHED; pages++) {
            Page page =
                    page(query.with("limit", String.valueOf(SEARCHED_PER_PAGE)).with("cursor", cursor));
            for (Job job : page.jobs()) {
                if (wanted.test(job)) found.add(job);
                if (found.size() == enough) return found;
            }
            cursor = page.next();
            if (cursor.isEmpty()) break;
        }
        return found;
    }
}
