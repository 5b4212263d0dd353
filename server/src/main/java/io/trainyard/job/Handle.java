package io.trainyard.job;

/**
 * Points at what a backend created, unmistakably.
 *
 * @param cluster the cluster's name, or this machine's host id
 * @param kind such as {@code PyTorchJob} or {@code Process}
 * @param namespace or this machine's boot id
 * @param name or the process id
 * @param uid what tells it from a later thing of the same name, such as a process's start ticks
 */
public record Handle(String cluster, String kind, String namespace, String name, String uid) {}
