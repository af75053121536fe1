namespace Metering.Kubernetes.Tests;

/// <summary><c>k8s/README.md</c>: its commands.</summary>
internal static class OperatorsGuide
{
    /// <summary>The commands in its <c>sh</c> blocks, each whole, however many lines it has.</summary>
    internal static IReadOnlyList<string> Commands { get; } = [.. Read()];

    /// <summary>Whether one of them makes a secret with a key.</summary>
    internal static bool MakesSecret(string name, string key) => Commands.Any(command =>
        command.Contains($"create secret generic {name} ", StringComparison.Ordinal) && command.Contains($"--from-literal={key}=", StringComparison.Ordinal));

    /// <summary>The lines for an overlay's <c>kustomization.yaml</c> that add a component.</summary>
    internal static string Adding(string component) => Repository.Read("k8s/README.md").Split("```yaml\n").Skip(1).Select(static rest => rest.Split("```")[0])
        .Single(lines => lines.Contains($"/{component}\n", StringComparison.Ordinal));

    private static IEnumerable<string> Read()
    {
        var isCommand = false;
        var begun = "";
        foreach (var line in Repository.Read("k8s/README.md").Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                isCommand = !isCommand && line == "```sh";
            }
            else if (isCommand && line.EndsWith('\\'))
            {
                begun += line[..^1];
            }
            else if (isCommand && line.Length > 0 && !line.StartsWith('#'))
            {
                yield return begun + line.Trim();
                begun = "";
            }
        }
    }
}
