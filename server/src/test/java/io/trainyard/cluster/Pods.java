package io.trainyard.cluster;

import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.dsl.PodResource;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Bare pods of one namespace, as the tests of the cluster itself use them. */
record Pods(Cluster cluster, String namespace) {
    /** One container {@code main} that runs a shell script and is not run again. */
    static PodBuilder shell(String name, String script) {
        return new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .withNewSpec()
                .withRestartPolicy("Never")
                .withTerminationGracePeriodSeconds(1L)
                .addNewContainer()
                .withName("main")
                .withImage("trainer:1")
                .withCommand("bash", "-c", script)
                .endContainer()
                .endSpec();
    }

    void create(PodBuilder pod) {
        cluster.client().resource(pod.build()).inNamespace(namespace).create();
    }

    void scripted(String name, Map<String, String> annotations) {
        create(shell(name, "never run")
                .editMetadata()
                .withAnnotations(annotations)
                .endMetadata());
    }

    PodResource resource(String name) {
        return cluster.client().pods().inNamespace(namespace).withName(name);
    }

    Pod get(String name) {
        return resource(name).get();
    }

    void untilPhase(String name, String phase) {
        Cluster.until(
                name + " is " + phase, () -> get(name).getStatus().getPhase().equals(phase));
    }

    Optional<ContainerState> state(String name) {
        var statuses = get(name).getStatus().getContainerStatuses();
        return statuses == null || statuses.isEmpty()
                ? Optional.empty()
                : Optional.of(statuses.getFirst().getState());
    }

    void untilWaiting(String name, String reason) {
        Cluster.until(
                name + " waits because of " + reason,
                () -> state(name)
                        .map(ContainerState::getWaiting)
                        .filter(it -> reason.equals(it.getReason()))
                        .isPresent());
    }

    ContainerStateTerminated untilTerminated(String name) {
        Cluster.until(
                name + " has ended",
                () -> state(name).map(ContainerState::getTerminated).isPresent());
        return state(name).map(ContainerState::getTerminated).orElseThrow();
    }

    /** Those that a job of any kind has made, by a label of theirs, in the order of their names. */
    List<Pod> labelled(String key, String value) {
        return cluster.client().pods().inNamespace(namespace).withLabel(key, value).list().getItems().stream()
                .sorted((a, b) ->
                        a.getMetadata().getName().compareTo(b.getMetadata().getName()))
                .toList();
    }
}
