package io.trainyard.contract.trainyard;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.trainyard.http.Refusal;
import io.trainyard.job.Job;
import io.trainyard.spec.Webhook;
import io.trainyard.store.Outbox;
import io.trainyard.store.Outbox.LoggedTry;
import io.trainyard.store.Outbox.Try;
import java.time.InstantSource;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/** The last tries to tell a job's receivers, and telling once more. */
final class Deliveries {
    private static final Pattern NUMBER = Pattern.compile("[1-9][0-9]{0,15}");

    private final Function<Context, Job> find;
    private final Outbox outbox;
    private final InstantSource clock;

    Deliveries(Function<Context, Job> find, Outbox outbox, InstantSource clock) {
        this.find = find;
        this.outbox = outbox;
        this.clock = clock;
    }

    static void mount(RoutesConfig routes, java.util.function.Supplier<Deliveries> deliveries) {
        String path = TrainyardContract.PREFIX + "/jobs/{id}/deliveries";
        routes.get(path, context -> deliveries.get().list(context));
        routes.post(path + "/{delivery}/replay", context -> deliveries.get().replay(context));
    }

    private void list(Context context) {
        Job job = find.apply(context);
        ObjectNode body = JobView.JSON.createObjectNode();
        var webhooks = body.putArray("webhooks");
        int place = 0;
        for (Webhook webhook : job.spec().webhooks()) {
            var standing = outbox.standing(job.id(), place++);
            webhooks.addObject()
                    .put("url", webhook.url())
                    .put("enabled", standing.on())
                    .put("pending", standing.waiting());
        }
        var tries = body.putArray("deliveries");
        int limit = Reading.limit(context, Outbox.KEPT_TRIES, Outbox.KEPT_TRIES);
        for (LoggedTry logged : outbox.tries(job.id(), limit)) tries.add(view(logged));
        answer(context, 200, body);
    }

    private static ObjectNode view(LoggedTry logged) {
        Try made = logged.made();
        return JobView.JSON
                .createObjectNode()
                .put("id", logged.id())
                .put("webhook", made.webhook())
                .put("sequence", made.sequence() == 0 ? null : made.sequence())
                .put(
                        "event",
                        made.kind()
                                .map(kind -> kind.name().toLowerCase(Locale.ROOT))
                                .orElse(Notices.HEARTBEAT))
                .put("attempt", made.number())
                .put("at", JobView.time(made.at()))
                .put("duration_ms", made.took().toNanos() / 1e6)
                .put("status", made.status().orElse(null))
                .put("result", made.result().name().toLowerCase(Locale.ROOT))
                .put("error", made.detail().isEmpty() ? null : made.detail());
    }

    private void replay(Context context) {
        Job job = find.apply(context);
        String shown = context.pathParam("delivery");
        long id = NUMBER.matcher(shown).matches() ? Long.parseLong(shown) : 0;
        var logged = outbox.tries(job.id(), Outbox.KEPT_TRIES).stream()
                .filter(each -> each.id() == id)
                .findFirst()
                .orElseThrow(() -> new Refusal(404, "no delivery " + shown + " of " + job.id() + " is remembered"));
        if (logged.made().sequence() == 0)
            throw new Refusal(409, "a heartbeat is not replayed: the next one says the same");
        if (!outbox.replay(job.id(), id, clock.instant()))
            throw new Refusal(404, "no delivery " + shown + " of " + job.id() + " is remembered any more");
        answer(context, 202, view(logged));
    }

    private static void answer(Context context, int status, ObjectNode body) {
        context.status(status).contentType("application/json").result(JobView.JSON.writeValueAsBytes(body));
    }
}
