using System.Xml.Linq;

namespace Metering.Core.Tests;

/// <summary>Who may depend on whom. An arrow that is not drawn here is a decision somebody did not take.</summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Metering.Core"] = [],
        ["Metering.Contracts"] = [],
        ["Metering.Grains"] = ["Metering.Core", "Metering.Contracts"],
        ["Metering.Ledger"] = ["Metering.Core"],
        ["Metering.Silo"] = ["Metering.Grains", "Metering.Ledger"],
        ["Metering.Gateway"] = ["Metering.Contracts"],
        ["Metering.Client"] = [],
        ["Metering.Standalone"] = ["Metering.Silo", "Metering.Gateway"],
    };

    [Fact]
    public void Every_product_project_references_only_what_it_may()
    {
        foreach (var (name, allowed) in Allowed)
        {
            Assert.True(References(name, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path)).ToHashSet(StringComparer.Ordinal).SetEquals(allowed), $"{name} may reference exactly: {string.Join(", ", allowed)}.");
        }
    }

    [Fact]
    public void Every_product_project_is_drawn()
    {
        var found = new[] { "grains", "silo", "client-gateway" }.SelectMany(folder => Directory.GetFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories))
            .Select(path => Path.GetFileNameWithoutExtension(path));
        Assert.Equal(Allowed.Keys.Order(), found.Order());
    }

    [Fact]
    public void Core_has_no_package_that_ends_up_in_it()
    {
        Assert.Equal(["Microsoft.CodeAnalysis.BannedApiAnalyzers"], References("Metering.Core", "PackageReference"));
        var loaded = typeof(Credits).Assembly.GetReferencedAssemblies().Select(assembly => assembly.Name!);
        Assert.All(loaded, name => Assert.True(name.StartsWith("System.", StringComparison.Ordinal), $"Core refers to {name}."));
        Assert.DoesNotContain(loaded, name => name is "System.Net.Http" or "System.IO.FileSystem" or "System.Net.Sockets");
    }

    [Fact]
    public void The_gateway_has_no_server_side_package_of_Orleans()
    {
        Assert.DoesNotContain(References("Metering.Gateway", "PackageReference"), package => package is "Microsoft.Orleans.Server" or "Microsoft.Orleans.Runtime");
    }

    [Fact]
    public void The_top_level_folders_are_exactly_five()
    {
        var folders = Directory.GetDirectories(Root).Select(path => Path.GetFileName(path)).Where(name => !name.StartsWith('.') && name is not ("data" or "TestResults"));
        Assert.Equal(["client-gateway", "grains", "k8s", "silo", "tests"], folders.Order(StringComparer.Ordinal));
    }

    private static string Root
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "Metering.sln")))
            {
                folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("Metering.sln is not above the tests.");
            }

            return folder;
        }
    }

    private static List<string> References(string project, string kind)
    {
        var file = Directory.GetFiles(Root, $"{project}.csproj", SearchOption.AllDirectories).Single();
        return [.. XDocument.Load(file).Descendants(kind).Select(reference => reference.Attribute("Include")!.Value.Replace('\\', '/'))];
    }
}
