namespace Metering.Kubernetes.Tests.Building;

/// <summary>The parts of <c>registry/folder/name:tag</c>.</summary>
internal static class ImageName
{
    internal static (string Name, string? Tag) Split(string image)
    {
        // A colon before a slash is the port of a registry.
        var colon = image.LastIndexOf(':');
        return colon > image.LastIndexOf('/') ? (image[..colon], image[(colon + 1)..]) : (image, null);
    }
}
