package io.trainyard.cluster;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

final class RealClusterExtension implements ExecutionCondition, BeforeAllCallback, AfterAllCallback, ParameterResolver {
    private static final System.Logger LOG = System.getLogger(RealClusterExtension.class.getName());
    private static final Namespace OURS = Namespace.create(RealClusterExtension.class);

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
        String missing = missing();
        if (missing.isEmpty()) return ConditionEvaluationResult.enabled("a real cluster can run");
        if (context.getTestMethod().isEmpty())
            LOG.log(System.Logger.Level.WARNING, "{0} IS SKIPPED: {1}", context.getDisplayName(), missing);
        return ConditionEvaluationResult.disabled(missing);
    }

    private static String missing() {
        String binary = System.getProperty("trainyard.cluster", "");
        if (binary.isEmpty() || !Files.isExecutable(Path.of(binary)))
            return "there is no test cluster; it needs Go 1.26 (https://go.dev/dl/), then: ./dev cluster build";
        if (!System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux"))
            return "the test cluster's host node needs Linux";
        if (!"root".equals(System.getProperty("user.name")))
            return "the test cluster's host node needs root: run the tests as root";
        return "";
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        ClusterProcess process = context.getRoot()
                .getStore(OURS)
                .computeIfAbsent(
                        ClusterProcess.class,
                        _ -> ClusterProcess.start(
                                Path.of(System.getProperty("trainyard.cluster")),
                                "--log-rotation-bytes",
                                Integer.toString(Cluster.LOG_ROTATION_BYTES)),
                        ClusterProcess.class);
        context.getStore(OURS).put(Cluster.class, process.forClass(context.getRequiredTestClass()));
    }

    @Override
    public void afterAll(ExtensionContext context) {
        Cluster cluster = context.getStore(OURS).remove(Cluster.class, Cluster.class);
        if (cluster != null) cluster.close();
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Cluster.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return context.getStore(OURS).get(Cluster.class);
    }
}
