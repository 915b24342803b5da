// Package main is a CSI driver of folders of its machine: the interface is the official one, and so is what the calls are read with.
// A volume is the folder of its id below DATA; it is staged by a mount, and published by another.
//
//	csi-driver SOCKET DATA [SECRET]
package main

import (
	"context"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type driver struct {
	csi.UnimplementedIdentityServer
	csi.UnimplementedNodeServer
	data string
	// What `key` among the secrets must be; empty asks for none.
	secret string
}

func main() {
	socket := os.Args[1]
	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	own := &driver{data: os.Args[2]}
	if len(os.Args) > 3 {
		own.secret = os.Args[3]
	}
	server := grpc.NewServer()
	csi.RegisterIdentityServer(server, own)
	csi.RegisterNodeServer(server, own)
	log.Fatal(server.Serve(listener))
}

func (own *driver) GetPluginInfo(context.Context, *csi.GetPluginInfoRequest) (*csi.GetPluginInfoResponse, error) {
	return &csi.GetPluginInfoResponse{Name: "folders.keelson.test", VendorVersion: "1"}, nil
}

func (own *driver) GetPluginCapabilities(context.Context, *csi.GetPluginCapabilitiesRequest) (*csi.GetPluginCapabilitiesResponse, error) {
	return &csi.GetPluginCapabilitiesResponse{}, nil
}

func (own *driver) Probe(context.Context, *csi.ProbeRequest) (*csi.ProbeResponse, error) {
	return &csi.ProbeResponse{}, nil
}

func (own *driver) NodeGetCapabilities(context.Context, *csi.NodeGetCapabilitiesRequest) (*csi.NodeGetCapabilitiesResponse, error) {
	staging := &csi.NodeServiceCapability{Type: &csi.NodeServiceCapability_Rpc{
		Rpc: &csi.NodeServiceCapability_RPC{Type: csi.NodeServiceCapability_RPC_STAGE_UNSTAGE_VOLUME},
	}}
	return &csi.NodeGetCapabilitiesResponse{Capabilities: []*csi.NodeServiceCapability{staging}}, nil
}

func (own *driver) NodeStageVolume(_ context.Context, asked *csi.NodeStageVolumeRequest) (*csi.NodeStageVolumeResponse, error) {
	folder, err := own.folderOf(asked.GetVolumeId(), asked.GetVolumeCapability(), asked.GetSecrets())
	if err != nil {
		return nil, err
	}
	return &csi.NodeStageVolumeResponse{}, bind(folder, asked.GetStagingTargetPath(), false)
}

func (own *driver) NodeUnstageVolume(_ context.Context, asked *csi.NodeUnstageVolumeRequest) (*csi.NodeUnstageVolumeResponse, error) {
	return &csi.NodeUnstageVolumeResponse{}, release(asked.GetStagingTargetPath())
}

func (own *driver) NodePublishVolume(_ context.Context, asked *csi.NodePublishVolumeRequest) (*csi.NodePublishVolumeResponse, error) {
	if _, err := own.folderOf(asked.GetVolumeId(), asked.GetVolumeCapability(), asked.GetSecrets()); err != nil {
		return nil, err
	}
	if !isMounted(asked.GetStagingTargetPath()) {
		return nil, status.Error(codes.FailedPrecondition, "the volume is not staged")
	}
	if err := os.Mkdir(asked.GetTargetPath(), 0o755); err != nil && !os.IsExist(err) {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodePublishVolumeResponse{}, bind(asked.GetStagingTargetPath(), asked.GetTargetPath(), asked.GetReadonly())
}

func (own *driver) NodeUnpublishVolume(_ context.Context, asked *csi.NodeUnpublishVolumeRequest) (*csi.NodeUnpublishVolumeResponse, error) {
	if err := release(asked.GetTargetPath()); err != nil {
		return nil, err
	}
	if err := os.Remove(asked.GetTargetPath()); err != nil && !os.IsNotExist(err) {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &csi.NodeUnpublishVolumeResponse{}, nil
}

func (own *driver) folderOf(id string, capability *csi.VolumeCapability, secrets map[string]string) (string, error) {
	if capability.GetMount() == nil || capability.GetAccessMode().GetMode() == csi.VolumeCapability_AccessMode_UNKNOWN {
		return "", status.Error(codes.InvalidArgument, "a mount with an access mode is needed")
	}
	if own.secret != "" && secrets["key"] != own.secret {
		return "", status.Error(codes.Unauthenticated, "the key is wrong")
	}
	folder := filepath.Join(own.data, filepath.Base(id))
	if _, err := os.Stat(folder); err != nil {
		return "", status.Errorf(codes.NotFound, "there is no volume %s", id)
	}
	return folder, nil
}

func bind(from, to string, isReadOnly bool) error {
	if isMounted(to) {
		return nil
	}
	if err := syscall.Mount(from, to, "", syscall.MS_BIND, ""); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	if !isReadOnly {
		return nil
	}
	if err := syscall.Mount("", to, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return nil
}

func release(path string) error {
	if !isMounted(path) {
		return nil
	}
	if err := syscall.Unmount(path, 0); err != nil {
		return status.Error(codes.Internal, err.Error())
	}
	return nil
}

func isMounted(path string) bool {
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	return strings.Contains(string(mounts), " "+path+" ")
}
