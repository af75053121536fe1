using System.Globalization;
using Metering.Silo.Storage.Embedded;

namespace Metering.Storage.Tests.Embedded;

public sealed class DataDirectoryTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_second_process_is_told_which_directory_is_in_use_and_by_whom_and_a_killed_one_leaves_no_lock()
    {
        using var owner = ChildProcess.Start(ChildProcess.Hold, _directory.Path);
        Assert.Equal("held", await owner.Output.ReadLineAsync(Cancel));

        var refusal = Assert.Throws<DataDirectoryInUseException>(() => DataDirectory.Claim(_directory.Path));
        Assert.Contains($"'{_directory.Path}'", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"process {owner.Id} "), refusal.Message, StringComparison.Ordinal);

        await owner.KillAsync(Cancel);
        DataDirectory.Claim(_directory.Path).Dispose();
    }

    [Fact]
    public void A_second_owner_in_one_process_is_refused_until_the_first_lets_go()
    {
        var owner = DataDirectory.Claim(_directory.Path);

        Assert.Throws<DataDirectoryInUseException>(() => DataDirectory.Claim(_directory.Path));

        // The refused one must not have taken the owner's lock with it.
        Assert.Throws<DataDirectoryInUseException>(() => DataDirectory.Claim(_directory.Path));
        owner.Dispose();
        DataDirectory.Claim(_directory.Path).Dispose();
    }

    [Fact]
    public void A_missing_directory_is_created_with_its_parents()
    {
        var path = Path.Combine(_directory["not"], "there", "yet");

        using var claim = DataDirectory.Claim(path);

        Assert.True(Directory.Exists(path), "The directory was not created.");
    }

    [Fact]
    public void A_file_in_place_of_the_directory_is_named()
    {
        File.WriteAllText(_directory["file"], "");

        var fault = Assert.Throws<DataDirectoryException>(() => DataDirectory.Claim(_directory["file"]));
        Assert.Equal($"The data directory '{_directory["file"]}' is a file, not a directory.", fault.Message);

        var below = Assert.Throws<DataDirectoryException>(() => DataDirectory.Claim(Path.Combine(_directory["file"], "below")));
        Assert.StartsWith($"The data directory '{Path.Combine(_directory["file"], "below")}' cannot be created", below.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_directory_is_named()
    {
        await using var disk = await SmallDisk.MountAsync(_directory["read-only"], megabytes: 1, Cancel);
        await disk.MakeReadOnlyAsync(Cancel);

        var fault = Assert.Throws<DataDirectoryException>(() => DataDirectory.Claim(disk.Path));

        Assert.StartsWith($"The data directory '{disk.Path}' is not writable", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_could_not_be_opened_is_free_again()
    {
        File.WriteAllText(_directory[EmbeddedDatabase.FileName], "This is no database, but it is long enough to be taken for one.");
        Assert.ThrowsAny<Exception>(() => TestStore.Open(_directory.Path));

        DataDirectory.Claim(_directory.Path).Dispose();
    }
}
