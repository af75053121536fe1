using System.Text.Json.Nodes;

namespace Metering.Kubernetes.Tests.Building;

/// <summary>
/// Builds a folder as <c>kubectl kustomize</c> does, as far as these manifests need it; a field it does not know is refused. A test compares the two where there is a <c>kubectl</c>, so
/// that the others need none.
/// </summary>
internal static class Kustomization
{
    private static readonly HashSet<string> Known = ["apiVersion", "kind", "namespace", "resources", "components", "patches", "images", "configMapGenerator"];

    /// <summary>The objects, in the order of their files.</summary>
    /// <param name="directory">Holds a <c>kustomization.yaml</c>.</param>
    /// <exception cref="NotSupportedException">It uses something that is not known here.</exception>
    /// <exception cref="FormatException">A patch fits nothing, or a file is no YAML.</exception>
    internal static List<JsonObject> Build(string directory) => Build(directory, []);

    /// <summary>The same as if it named some components too.</summary>
    /// <param name="directory">Holds a <c>kustomization.yaml</c>.</param>
    /// <param name="components">Folders, from there.</param>
    internal static List<JsonObject> Build(string directory, IReadOnlyCollection<string> components)
    {
        var objects = new List<JsonObject>();
        Add(objects, directory, "Kustomization", components);
        return objects;
    }

    internal static (string Kind, string Name) Identity(JsonObject each) => (Text(each, "kind"), Text(each["metadata"]!.AsObject(), "name"));

    /// <summary>A component differs from a kustomization of its own in that it changes what is there already.</summary>
    private static void Add(List<JsonObject> objects, string directory, string kind, IReadOnlyCollection<string> components)
    {
        var kustomization = Yaml.Documents(File.ReadAllText(Path.Combine(directory, "kustomization.yaml"))).Single();
        if ((kustomization["kind"]?.GetValue<string>() ?? "Kustomization") != kind)
        {
            throw new FormatException($"{directory} should be a {kind}, and is none.");
        }

        if (kustomization.FirstOrDefault(static field => !Known.Contains(field.Key)).Key is { } unknown)
        {
            throw new NotSupportedException($"{directory}: '{unknown}' is not known here; use less of kustomize, or teach it to {nameof(Kustomization)}.");
        }

        objects.AddRange(Names(kustomization, "resources").SelectMany(resource => Resources(Path.Combine(directory, resource))));
        foreach (var component in Names(kustomization, "components").Concat(components))
        {
            Add(objects, Path.Combine(directory, component), "Component", []);
        }

        objects.AddRange(Items(kustomization, "configMapGenerator").Select(generator => ConfigMap(directory, generator)));
        foreach (var patch in Items(kustomization, "patches").SelectMany(patch => Yaml.Documents(File.ReadAllText(Path.Combine(directory, Text(patch, "path"))))))
        {
            var target = objects.SingleOrDefault(each => Identity(each) == Identity(patch)) ?? throw new FormatException($"{directory}: a patch of {Identity(patch)} fits nothing.");
            StrategicMerge.Apply(target, patch);
        }

        foreach (var image in Items(kustomization, "images"))
        {
            objects.ForEach(each => SetImage(each, image));
        }

        if (kustomization["namespace"] is { } name)
        {
            objects.ForEach(each => SetNamespace(each, name.GetValue<string>()));
        }
    }

    private static List<JsonObject> Resources(string path) => Directory.Exists(path) ? Build(path) : [.. Yaml.Documents(File.ReadAllText(path))];

    private static JsonObject ConfigMap(string directory, JsonObject generator)
    {
        // Without it names get a hash, and what refers to them must be changed along.
        var options = generator["options"]?.AsObject();
        if (options?["disableNameSuffixHash"]?.GetValue<bool>() != true)
        {
            throw new NotSupportedException($"{directory}: name hashes of a configMapGenerator are not known here.");
        }

        var map = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = Text(generator, "name"), ["labels"] = options["labels"]?.DeepClone() ?? new JsonObject() },
            ["data"] = new JsonObject(Names(generator, "files").Select(file => KeyValuePair.Create(Path.GetFileName(file), (JsonNode?)File.ReadAllText(Path.Combine(directory, file))))),
        };
        return map;
    }

    private static void SetNamespace(JsonObject each, string name)
    {
        // The only kind here that belongs to no namespace is the namespace itself.
        var field = Text(each, "kind") == "Namespace" ? "name" : "namespace";
        each["metadata"]!.AsObject()[field] = name;
    }

    private static void SetImage(JsonNode? node, JsonObject image)
    {
        switch (node)
        {
            case JsonObject fields:
                foreach (var (name, value) in fields.ToList())
                {
                    if (name is "containers" or "initContainers" && value is JsonArray containers)
                    {
                        containers.ToList().ForEach(container => SetImageOf(container!.AsObject(), image));
                    }
                    else
                    {
                        SetImage(value, image);
                    }
                }

                break;
            case JsonArray items:
                items.ToList().ForEach(item => SetImage(item, image));
                break;
        }
    }

    private static void SetImageOf(JsonObject container, JsonObject image)
    {
        var (name, tag) = ImageName.Split(Text(container, "image"));
        if (name == Text(image, "name"))
        {
            var newTag = image["newTag"]?.GetValue<string>() ?? tag;
            container["image"] = (image["newName"]?.GetValue<string>() ?? name) + (newTag is null ? "" : $":{newTag}");
        }
    }

    private static IEnumerable<JsonObject> Items(JsonObject fields, string name) => fields[name] is JsonArray items ? items.Select(static item => item!.AsObject()) : [];

    private static IEnumerable<string> Names(JsonObject fields, string name) => fields[name] is JsonArray items ? items.Select(static item => item!.GetValue<string>()) : [];

    private static string Text(JsonObject fields, string name) =>
        fields[name]?.GetValue<string>() ?? throw new FormatException($"'{name}' is missing in {fields.ToJsonString()}.");
}
