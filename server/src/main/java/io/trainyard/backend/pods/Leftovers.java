package io.trainyard.backend.pods;

import io.trainyard.backend.cluster.Api;
import io.trainyard.backend.cluster.Reply;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** What is on a cluster for an attempt that is over, because the server ended before it could remove it. */
final class Leftovers {
    private static final System.Logger LOG = System.getLogger(Leftovers.class.getName());

    private Leftovers() {}

    static void remove(Api api, List<Workload> kinds, Folder folder) {
        Optional<Folder.Intent> intent = folder.intent();
        Optional<Workload> kind = kinds.stream()
                .filter(each -> intent.isPresent()
                        && each.kind().kind().equals(intent.get().kind()))
                .findFirst();
        if (intent.isEmpty() || kind.isEmpty() || removed(api, kind.get(), intent.get())) folder.drop();
    }

    /** @return whether it is not there any more */
    private static boolean removed(Api api, Workload kind, Folder.Intent intent) {
        String path = kind.kind().path(intent.namespace()) + "/" + intent.name();
        Reply found = api.get(path);
        if (found instanceof Reply.Refused refused && refused.missing()) return true;
        if (!(found instanceof Reply.Ok(JsonNode object))) return false;
        boolean ours = object.at("/metadata/labels")
                .path(Names.MANAGED_BY)
                .asString("")
                .equals(Names.OURS);
        if (!ours) return true;
        ObjectNode options = Api.JSON.createObjectNode().put("propagationPolicy", "Background");
        options.putObject("preconditions").put("uid", object.at("/metadata/uid").asString(""));
        LOG.log(System.Logger.Level.INFO, "{0} was left behind and is removed", intent.name());
        Reply reply = api.delete(path, options);
        return reply instanceof Reply.Ok || (reply instanceof Reply.Refused refused && refused.missing());
    }
}
