package io.trainyard.backend.attempts;

import io.trainyard.backend.attempts.ClusterBackend.Ground;
import io.trainyard.backend.cluster.Reply;
import io.trainyard.backend.cluster.Times;
import io.trainyard.backend.pods.Workload;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;

/**
 * What is on a cluster for attempts that are over, because it could not be removed when they ended, or the server ended
 * before. It goes as soon as the cluster lets it.
 */
final class Leftovers implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Leftovers.class.getName());
    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);

    private final Ground ground;
    private final List<Workload> kinds;
    private final Map<String, Folder> left = new ConcurrentHashMap<>();
    private volatile boolean open = true;
    private boolean working;

    Leftovers(Ground ground, List<Workload> kinds) {
        this.ground = ground;
        this.kinds = kinds;
    }

    /** @param folder of an attempt that nobody asks for any more */
    synchronized void add(Folder folder) {
        folder.dropOutput();
        left.put(folder.key(), folder);
        if (working) return;
        working = true;
        Thread.ofVirtual().name("leftovers").start(this::work);
    }

    private void work() {
        Duration pause = FIRST_PAUSE;
        while (open) {
            left.values().removeIf(this::removed);
            synchronized (this) {
                working = !left.isEmpty();
                if (!working) return;
            }
            try {
                Thread.sleep(pause);
            } catch (InterruptedException e) {
                return;
            }
            pause = Times.doubled(pause, LONGEST_PAUSE);
        }
    }

    private boolean removed(Folder folder) {
        try {
            for (String companion : folder.companions()) if (!removed(companion, folder, _ -> false)) return false;
            Optional<Folder.Intent> intent = folder.intent();
            Optional<Workload> kind = kinds.stream()
                    .filter(each -> intent.isPresent()
                            && each.kind().kind().equals(intent.get().kind()))
                    .findFirst();
            if (kind.isPresent()) {
                Folder.Intent it = intent.orElseThrow();
                Predicate<JsonNode> stays = object -> ground.settings().keepFinished()
                        && kind.get().phase(object).over();
                if (!removed(kind.get().kind().path(it.namespace()) + "/" + it.name(), folder, stays)) return false;
            }
            folder.drop();
            return true;
        } catch (RuntimeException trouble) {
            LOG.log(System.Logger.Level.WARNING, "what is left of " + folder.key() + " is not removed yet", trouble);
            return false;
        }
    }

    /** @return whether it is not there any more, or what is there is not of the attempt, or stays */
    private boolean removed(String path, Folder folder, Predicate<JsonNode> stays) {
        Reply found = ground.api().get(path);
        if (found instanceof Reply.Refused refused && refused.missing()) return true;
        if (!(found instanceof Reply.Ok(JsonNode object))) return false;
        if (!folder.isOf(object.at("/metadata/labels")) || stays.test(object)) return true;
        Reply reply = ground.api().delete(path, object.at("/metadata/uid").asString(""));
        boolean gone = reply instanceof Reply.Ok || (reply instanceof Reply.Refused refused && refused.missing());
        if (gone) LOG.log(System.Logger.Level.INFO, "{0} was left behind and is removed", path);
        return gone;
    }

    @Override
    public void close() {
        open = false;
    }
}
