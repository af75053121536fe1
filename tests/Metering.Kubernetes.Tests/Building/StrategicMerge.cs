using System.Text.Json.Nodes;

namespace Metering.Kubernetes.Tests.Building;

/// <summary>A strategic merge: fields over fields, null takes away, items of some lists meet by a key and new ones come first, other lists are replaced.</summary>
internal static class StrategicMerge
{
    /// <summary>The lists whose items have a key, as the API types say; those that occur in these manifests.</summary>
    private static readonly Dictionary<string, string> Keys = new()
    {
        ["containers"] = "name",
        ["initContainers"] = "name",
        ["env"] = "name",
        ["volumes"] = "name",
        ["volumeMounts"] = "mountPath",
    };

    internal static void Apply(JsonObject target, JsonObject patch)
    {
        foreach (var (name, value) in patch)
        {
            if (name.StartsWith('$'))
            {
                throw new NotSupportedException($"The directive {name} is not known here.");
            }

            switch (value, target[name])
            {
                case (null, _):
                    target.Remove(name);
                    break;
                case (JsonObject fields, JsonObject before):
                    Apply(before, fields);
                    break;
                case (JsonArray items, JsonArray before) when Keys.TryGetValue(name, out var key):
                    Apply(before, items, key);
                    break;
                default:
                    target[name] = value.DeepClone();
                    break;
            }
        }
    }

    private static void Apply(JsonArray target, JsonArray patch, string key)
    {
        var added = 0;
        foreach (var item in patch.Select(static item => item!.AsObject()))
        {
            if (target.OfType<JsonObject>().FirstOrDefault(each => JsonNode.DeepEquals(each[key], item[key])) is { } before)
            {
                Apply(before, item);
            }
            else
            {
                target.Insert(added++, item.DeepClone());
            }
        }
    }
}
