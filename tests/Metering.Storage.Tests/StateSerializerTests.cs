using Metering.Silo.Storage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Storage;

namespace Metering.Storage.Tests;

public sealed class StateSerializerTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(5_000)]
    [InlineData(3 << 20)]
    public void States_have_the_bytes_that_the_serializer_of_Orleans_gives_them(int length)
    {
        var (ours, theirs) = (Create<StateSerializer>(), Create<OrleansGrainStorageSerializer>());
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        var first = ours.Serialize(bytes);

        // What was made before is not touched by what is made after.
        var second = ours.Serialize("another");
        Assert.Equal(theirs.Serialize(bytes).ToArray(), first.ToArray());
        Assert.Equal(theirs.Serialize("another").ToArray(), second.ToArray());
        Assert.Equal(bytes, ours.Deserialize<byte[]>(first));
        Assert.Equal(bytes, theirs.Deserialize<byte[]>(first));
    }

    public void Dispose() => _services.Dispose();

    private T Create<T>() => ActivatorUtilities.CreateInstance<T>(_services);
}
