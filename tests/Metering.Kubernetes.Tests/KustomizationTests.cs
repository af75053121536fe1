using System.Text.Json.Nodes;
using Metering.Kubernetes.Tests.Building;

namespace Metering.Kubernetes.Tests;

/// <summary>Folders are built here as <c>kubectl kustomize</c> builds them.</summary>
public sealed class KustomizationTests
{
    public static TheoryData<string> Folders { get; } = [.. Installations.Folders];

    [Theory]
    [MemberData(nameof(Folders))]
    public async Task A_folder_is_built_as_kubectl_builds_it(string folder)
    {
        if (!Kubectl.IsInstalled)
        {
            // The other tests of these folders need it not.
            Assert.Skip("kubectl is missing: install it to compare with what it makes of the folders.");
        }

        var theirs = Yaml.Documents(await Kubectl.RunAsync("kustomize", Path.Combine(Repository.Manifests, folder)));
        var ours = Kustomization.Build(Path.Combine(Repository.Manifests, folder));

        Assert.Equal(theirs.Select(Sorted).Order(StringComparer.Ordinal), ours.Select(Sorted).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("azure")]
    public async Task A_component_is_added_as_kubectl_adds_it(string overlay)
    {
        if (!Kubectl.IsInstalled)
        {
            Assert.Skip("kubectl is missing: install it to compare with what it makes of the folders.");
        }

        var copy = Directory.CreateTempSubdirectory("metering-kustomize-");
        try
        {
            foreach (var file in Directory.EnumerateFiles(Repository.Manifests, "*.yaml", SearchOption.AllDirectories))
            {
                var to = Path.Combine(copy.FullName, Path.GetRelativePath(Repository.Manifests, file));
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.Copy(file, to);
            }

            var directory = Path.Combine(copy.FullName, "overlays", overlay);
            await File.AppendAllTextAsync(Path.Combine(directory, "kustomization.yaml"), OperatorsGuide.Adding(Installations.Hosting), TestContext.Current.CancellationToken);
            var theirs = Yaml.Documents(await Kubectl.RunAsync("kustomize", directory));

            Assert.Equal(theirs.Select(Sorted).Order(StringComparer.Ordinal), Kustomization.Build(directory).Select(Sorted).Order(StringComparer.Ordinal));
            Assert.Equal(
                theirs.Select(Sorted).Order(StringComparer.Ordinal),
                Kustomization.Build(Path.Combine(Repository.Manifests, "overlays", overlay), [Manifests.Component(Installations.Hosting)]).Select(Sorted).Order(StringComparer.Ordinal));
        }
        finally
        {
            copy.Delete(recursive: true);
        }
    }

    [Fact]
    public void What_is_not_known_of_kustomize_is_refused()
    {
        var directory = Directory.CreateTempSubdirectory("metering-kustomize-");
        try
        {
            File.WriteAllText(Path.Combine(directory.FullName, "kustomization.yaml"), "namePrefix: my-\n");

            Assert.Contains("namePrefix", Assert.Throws<NotSupportedException>(() => Kustomization.Build(directory.FullName)).Message, StringComparison.Ordinal);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("on")]
    [InlineData("Yes")]
    public void A_word_that_some_take_for_true_must_be_in_quotes(string word)
    {
        Assert.Throws<FormatException>(() => Yaml.Documents($"value: {word}"));
        Assert.Equal(word, Yaml.Documents($"value: \"{word}\"").Single()["value"]!.GetValue<string>());
    }

    [Fact]
    public void A_key_that_is_there_twice_is_refused() => Assert.ThrowsAny<Exception>(() => Yaml.Documents("one: 1\none: 2"));

    private static string Sorted(JsonObject document) => Sorted((JsonNode?)document)!.ToJsonString();

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.OrderBy(static field => field.Key, StringComparer.Ordinal).Select(static field => KeyValuePair.Create(field.Key, Sorted(field.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
