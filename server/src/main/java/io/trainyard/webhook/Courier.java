package io.trainyard.webhook;

import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.job.JobState;
import io.trainyard.secrets.Mask;
import io.trainyard.secrets.Sealer;
import io.trainyard.spec.SecretRef;
import io.trainyard.spec.Webhook;
import io.trainyard.store.Outbox.Delivery;
import io.trainyard.store.Outbox.Result;
import io.trainyard.store.Outbox.Try;
import io.trainyard.store.Store;
import io.trainyard.webhook.Renderer.Message;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/** Makes one try to tell one receiver, and writes down what came of it. Knows no threads and no order. */
final class Courier {
    private final Store store;
    private final Sealer sealer;
    private final Map<String, Renderer> renderers;
    private final Sender sender;
    private final Chance chance;

    /** Time and chance. */
    record Chance(InstantSource clock, RandomGenerator random) {}

    /**
     * What was found out about a receiver.
     *
     * @param took how long it kept us
     */
    record Experience(Result result, Duration took) {}

    /** @param renderers by contract; the one under the empty name serves all others */
    Courier(Store store, Sealer sealer, Map<String, Renderer> renderers, Sender sender, Chance chance) {
        this.store = store;
        this.sealer = sealer;
        this.renderers = Map.copyOf(renderers);
        this.sender = sender;
        this.chance = chance;
    }

    private Renderer renderer(Job job) {
        Renderer own = renderers.get(job.identity().contract());
        Renderer common = own != null ? own : renderers.get("");
        if (common == null) throw new IllegalStateException("nobody writes for " + job.identity());
        return common;
    }

    /** Tells this event, unless the receiver did not ask for it. */
    Optional<Experience> deliver(Job job, Delivery delivery, Lanes.Slot slot) {
        Webhook webhook = job.spec().webhooks().get(delivery.webhook());
        Event event = delivery.event();
        Optional<Message> message =
                renderer(job).event(job, event).filter(said -> event.kind().terminal() || wanted(webhook, said));
        if (message.isEmpty()) {
            store.outbox().settled(delivery.id(), Optional.empty());
            return Optional.empty();
        }
        String id = "msg_%s_%d_%d".formatted(bare(job), delivery.webhook(), event.sequence());
        Instant began = chance.clock().instant();
        Reply reply = send(job, webhook, id, message.get(), slot);
        Instant now = chance.clock().instant();
        var verdict = Verdict.of(reply, event.at(), delivery.tries(), now, chance.random());
        var made = new Try(
                delivery.webhook(),
                event.sequence(),
                Optional.of(event.kind()),
                delivery.tries() + 1,
                began,
                Duration.between(began, now),
                verdict.status(),
                verdict.result(),
                verdict.detail());
        settle(job, delivery, verdict, made);
        return Optional.of(new Experience(verdict.result(), made.took()));
    }

    private void settle(Job job, Delivery delivery, Verdict verdict, Try made) {
        switch (verdict.result()) {
            case DELIVERED, REFUSED, EXPIRED -> store.outbox().settled(delivery.id(), Optional.of(made));
            case FAILED -> store.outbox().retryAt(delivery.id(), verdict.again().orElseThrow(), made);
            case GONE -> store.outbox().disable(job.id(), made);
        }
    }

    /**
     * Tells how a running job stands. Only the first failure in a row and the end of it are written down.
     *
     * @param failing whether the last one failed
     */
    Optional<Experience> beat(Job job, int place, boolean failing, Lanes.Slot slot) {
        if (!(job.state() instanceof JobState.Running) || job.wish().ends()) return Optional.empty();
        Webhook webhook = job.spec().webhooks().get(place);
        Instant began = chance.clock().instant();
        Message message = renderer(job).heartbeat(job, began);
        if (!wanted(webhook, message)) return Optional.empty();
        String id = "hb_%s_%d_%d".formatted(bare(job), place, began.toEpochMilli());
        Reply reply = send(job, webhook, id, message, slot);
        Instant now = chance.clock().instant();
        var verdict = Verdict.of(reply, began, 0, now, chance.random());
        var made = new Try(
                place,
                0,
                Optional.empty(),
                1,
                began,
                Duration.between(began, now),
                verdict.status(),
                verdict.result(),
                verdict.detail());
        if (verdict.result() == Result.GONE) store.outbox().disable(job.id(), made);
        else if (failing == (verdict.result() == Result.DELIVERED))
            store.outbox().log(job.id(), made);
        return Optional.of(new Experience(verdict.result(), made.took()));
    }

    private static boolean wanted(Webhook webhook, Message message) {
        return webhook.words().isEmpty() || webhook.words().contains(message.word());
    }

    private static String bare(Job job) {
        return job.id().value().replaceAll("[^A-Za-z0-9]", "").toLowerCase(Locale.ROOT);
    }

    private Reply send(Job job, Webhook webhook, String id, Message message, Lanes.Slot slot) {
        Map<String, String> secrets = secrets(job, webhook);
        Instant now = chance.clock().instant();
        var headers = new HashMap<String, String>();
        headers.put("webhook-id", id);
        headers.put("webhook-timestamp", Long.toString(now.getEpochSecond()));
        value(secrets, webhook.signingKey())
                .ifPresent(key -> headers.put("webhook-signature", Signature.of(key, id, now, message.body())));
        value(secrets, webhook.authorization()).ifPresent(text -> headers.put("Authorization", text));
        try {
            Reply reply = sender.send(Target.of(webhook.url()), headers, message.body(), slot);
            return masked(reply, Mask.of(secrets.values()));
        } catch (Target.Unusable unusable) {
            return new Reply.Forbidden(unusable.why());
        }
    }

    /** A receiver may repeat in its answer what it was sent. */
    private static Reply masked(Reply reply, Mask mask) {
        return switch (reply) {
            case Reply.Answered answered ->
                new Reply.Answered(answered.status(), answered.retryAfter(), mask.apply(answered.text()));
            case Reply.Unanswered _, Reply.Forbidden _ -> reply;
        };
    }

    private Map<String, String> secrets(Job job, Webhook webhook) {
        if (webhook.authorization().isEmpty() && webhook.signingKey().isEmpty()) return Map.of();
        return sealer.unseal(job.id().value(), store.jobs().secrets(job.id()));
    }

    private static Optional<String> value(Map<String, String> secrets, Optional<SecretRef> reference) {
        return reference.flatMap(name -> Optional.ofNullable(secrets.get(name.name())));
    }
}
