package io.trainyard.contract.vision;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.websocket.WsConnectContext;
import io.trainyard.http.EventStream;
import io.trainyard.job.Event;
import io.trainyard.job.Job;
import io.trainyard.store.Store;
import io.trainyard.stream.Streams;
import io.trainyard.wire.RawPath;
import io.trainyard.wire.Scalars;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.eclipse.jetty.websocket.api.Callback;

/** Tells the events of jobs as they happen, one message an event, over WebSockets. */
final class Sockets {
    private static final int MAX_SOCKETS = 1000;
    private static final int TRY_AGAIN_LATER = 1013;
    private static final int NO_SUCH_JOB = 4404;
    private static final int NORMAL = 1000;
    /** A client that takes nothing for so long is gone. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Desk desk;
    private final Store store;
    private final Streams streams;
    private final Semaphore places = new Semaphore(MAX_SOCKETS);

    Sockets(Desk desk, Store store, Streams streams) {
        this.desk = desk;
        this.store = store;
        this.streams = streams;
    }

    /** @param guard refuses who may not */
    void mount(RoutesConfig routes, String prefix, Consumer<Context> guard) {
        for (String path : new String[] {prefix + "/ws/jobs", prefix + "/ws/jobs/{id}"}) {
            routes.wsBeforeUpgrade(path, guard::accept);
            // Nobody keeps a silent socket: each is pinged, and told what happens.
            routes.ws(path, socket -> socket.onConnect(this::connected));
        }
    }

    private void connected(WsConnectContext context) {
        if (!places.tryAcquire()) {
            context.closeSession(TRY_AGAIN_LATER, "too many sockets are open");
            return;
        }
        Thread.ofVirtual().name("vision-socket").start(() -> {
            try {
                follow(context);
            } finally {
                places.release();
            }
        });
    }

    private void follow(WsConnectContext context) {
        // It comes and goes by the minute for idle clients otherwise: pings keep it.
        context.session.setIdleTimeout(PATIENCE.multipliedBy(4));
        if (!context.pathParamMap().containsKey("id")) {
            streams.all(new Messages(context), this::ours);
            return;
        }
        var id = Request.id(RawPath.decode(context.pathParam("id")));
        Optional<Job> job = id.isEmpty() ? Optional.empty() : desk.look(Long.toString(id.getAsLong()));
        if (job.isEmpty()) {
            context.closeSession(NO_SUCH_JOB, "no such training job");
            return;
        }
        streams.events(job.get().id(), after(context), new Messages(context), this::ours);
        context.closeSession(NORMAL, "the job is over");
    }

    private static long after(WsConnectContext context) {
        String text = context.queryParam("after");
        Long number = text == null ? null : Scalars.wholeOf(text);
        return number == null ? 0 : number;
    }

    /** Empty for jobs of other contracts. */
    private String ours(Event event) {
        return store.jobs()
                .find(event.job())
                .filter(job -> job.identity().contract().equals(Translator.CONTRACT))
                .map(job -> Answers.event(job, event))
                .orElse("");
    }

    private record Messages(WsConnectContext context) implements EventStream {
        @Override
        public void send(String id, String event, String data) {
            if (!data.isEmpty()) await(sent -> context.session.sendText(data, sent));
        }

        /** Each message is sent at once. */
        @Override
        public void flush() {}

        @Override
        public void ping() {
            await(sent -> context.session.sendPing(ByteBuffer.allocate(0), sent));
        }

        /** One at a time and waited for, so that a slow client costs no memory. */
        private void await(Consumer<Callback> send) {
            if (!context.session.isOpen()) throw new Gone(new IllegalStateException("closed"));
            try {
                var sent = new Callback.Completable();
                send.accept(sent);
                sent.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            } catch (ExecutionException | TimeoutException e) {
                throw new Gone(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new Gone(e);
            }
        }
    }
}
