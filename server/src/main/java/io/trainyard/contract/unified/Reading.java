package io.trainyard.contract.unified;

import io.javalin.http.Context;
import io.trainyard.http.Refusal;
import io.trainyard.job.Identity;
import io.trainyard.job.Job;
import io.trainyard.store.Jobs;
import io.trainyard.store.Store;
import io.trainyard.wire.Json;
import io.trainyard.wire.Problem;
import io.trainyard.wire.Scalars;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Lists of jobs and of log lines, never more than a page. */
final class Reading {
    private static final int JOBS_PER_PAGE = 100;
    private static final int MAX_JOBS_PER_PAGE = 500;
    private static final int LINES_PER_PAGE = 100;
    private static final int MAX_LINES_PER_PAGE = 1000;

    private final Store store;

    Reading(Store store) {
        this.store = store;
    }

    /** Newest first, page by page. */
    void list(Context context) {
        var filter = new Jobs.Filter(
                Optional.of(Identity.DEFAULT_PROJECT),
                List.of(),
                Optional.of(Translator.CONTRACT),
                Optional.empty(),
                Map.of(),
                Optional.empty());
        int limit = (int) number(context, "limit", JOBS_PER_PAGE, MAX_JOBS_PER_PAGE);
        Optional<String> cursor = Optional.ofNullable(context.queryParam("cursor"));
        try {
            Jobs.Page page = store.jobs().list(filter, cursor, limit);
            UnifiedContract.answer(context, 200, Answers.page(page.jobs(), page.next()));
        } catch (IllegalArgumentException notOne) {
            wrongParameter(context, "cursor", "not a cursor: take next of the page before", cursor.orElse(""));
        }
    }

    /** The last lines, or those from a number on. */
    void lines(Context context, Job job) {
        int limit = (int) number(context, "limit", LINES_PER_PAGE, MAX_LINES_PER_PAGE);
        long last = store.logs().last(job.id());
        long from = number(context, "from", Math.max(1, last - limit + 1), Long.MAX_VALUE);
        var lines = store.logs().read(job.id(), from, limit);
        long next = lines.isEmpty() ? from : lines.getLast().number() + 1;
        UnifiedContract.answer(context, 200, Answers.lines(job, lines, next));
    }

    private static long number(Context context, String name, long standard, long most) {
        String text = context.queryParam(name);
        if (text == null) return standard;
        Long number = Scalars.wholeOf(text);
        if (number != null && number >= 1 && number <= most) return number;
        throw new Refusal(
                422, "%s: \"%s\" is no whole number from 1 to %d".formatted(name, Scalars.cut(text, 100), most));
    }

    private static void wrongParameter(Context context, String name, String message, String value) {
        UnifiedContract.wrong(
                context,
                "query",
                List.of(new Problem(
                        Problem.Path.BODY.child(name),
                        message,
                        "value_error." + name,
                        Json.MAPPER.getNodeFactory().stringNode(Scalars.cut(value, 100)),
                        Map.of())));
    }
}
