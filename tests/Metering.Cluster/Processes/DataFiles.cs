namespace Metering.Cluster.Processes;

/// <summary>The files of a server.</summary>
internal sealed record DataFiles(string Path)
{
    /// <summary>A copy of what is on the disk now: what a machine that dies might come back with.</summary>
    public string Copy()
    {
        var copy = Directory.CreateDirectory($"{Path}-{Guid.NewGuid():n}").FullName;
        CopyInto(Path, copy);
        return copy;
    }

    /// <summary>Puts a copy in the place of the files. The server must not be running.</summary>
    public void PutBack(string copy)
    {
        Directory.Delete(Path, recursive: true);
        Directory.Move(copy, Path);
    }

    private static void CopyInto(string from, string to)
    {
        foreach (var folder in Directory.EnumerateDirectories(from))
        {
            CopyInto(folder, Directory.CreateDirectory(System.IO.Path.Combine(to, System.IO.Path.GetFileName(folder))).FullName);
        }

        foreach (var file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, System.IO.Path.Combine(to, System.IO.Path.GetFileName(file)));
        }
    }
}
